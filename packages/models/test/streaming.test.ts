import fc from 'fast-check'
import type { RollingCache } from '@swat-js/swat-attention'
import { createRandom, disposeParameters, tf, useEngine } from '@swat-js/tensor-core'
import { expectClose, expectNoLeak } from '@swat-js/tensor-core/testing'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  createModelCache,
  disposeModelCache,
  initializeParameters,
  layerWindows,
  resolveConfig,
  swatTransformer,
  type ModelCache,
} from '../src/index.js'
import { engines } from './fixtures/engines.js'
import { smallConfigs } from './fixtures/small-configs.js'
import { idsTensor, stream } from './fixtures/stream.js'

describe('full forward pass = token by token = prefill in chunks', () => {
  beforeAll(async () => {
    await useEngine({ backend: 'cpu' })
  })

  it('for random models, texts and chunks', async () => {
    const texts = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 24 })
    const chunkings = fc.array(fc.integer({ min: 1, max: 10 }), { minLength: 1, maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(smallConfigs(), texts, chunkings, fc.nat(), async (config, text, chunks, seed) => {
        await expectNoLeak(() => {
          const parameters = initializeParameters(config, createRandom(seed))
          const ids = idsTensor(text)
          const { logits } = swatTransformer(parameters, config, ids)
          for (const chunking of [[1], chunks]) {
            const streamed = stream(parameters, config, text, chunking)
            expectClose(streamed.logits, logits.dataSync(), { relative: 2e-5, name: `chunks ${chunking.join()}` })
            const layers = streamed.cache.layers as RollingCache[]
            expect(layers.map(({ positions }) => positions)).toEqual(layers.map(() => [text.length]))
            const rows = layerWindows(config).map((window) => (window === null ? 64 : Math.max(1, window - 1)))
            expect(layers.map(({ memory, sinks }) => memory.keys.shape[1] - sinks)).toEqual(rows)
            disposeModelCache(streamed.cache)
          }
          tf.dispose([ids, logits])
          disposeParameters(parameters)
        })
      }),
      { numRuns: 100, seed: 1 },
    )
  })
})

describe.each(engines)('prompts around the window on $name', ({ backend, kernels }) => {
  const config = resolveConfig({
    vocabSize: 17,
    hiddenSize: 16,
    layers: 2,
    heads: 4,
    kvHeads: 2,
    intermediateSize: 24,
    window: 8,
    initStd: 0.3,
  })
  beforeAll(async () => {
    await useEngine({ backend })
  })

  it.each([1, 7, 8, 9, 15, 63, 64, 65])('%i tokens', async (length) => {
    await expectNoLeak(() => {
      const random = createRandom(length)
      const parameters = initializeParameters(config, random)
      const text = Array.from({ length }, () => random.integer(17))
      const ids = idsTensor(text)
      const { logits } = swatTransformer(parameters, config, ids, { kernels })
      for (const chunk of [1, 5, 8, 64]) {
        const streamed = stream(parameters, config, text, [chunk], kernels)
        expectClose(streamed.logits, logits.dataSync(), { relative: 2e-5, name: `chunks of ${chunk}` })
        disposeModelCache(streamed.cache)
      }
      tf.dispose([ids, logits])
      disposeParameters(parameters)
    })
  })

  it('sequences side by side do not mix', async () => {
    await expectNoLeak(() => {
      const parameters = initializeParameters(config, createRandom(1))
      const rows = [3, 5].map((stride) => Array.from({ length: 20 }, (_, i) => (stride * i + 1) % 17))
      let cache = createModelCache(config, 2)
      const [first, second] = [0, 11].map((start, i) => {
        const ids = tf.tensor2d(
          rows.map((row) => row.slice(start, i === 0 ? 11 : 20)),
          undefined,
          'int32',
        )
        const next = swatTransformer(parameters, config, ids, { cache, kernels })
        cache = next.cache as ModelCache
        ids.dispose()
        return next.logits
      })
      const both = tf.concat([first, second], 1) // [2, 20, vocab]
      rows.forEach((row, i) => {
        const alone = stream(parameters, config, row, [20], kernels)
        const together = tf.tidy(() => tf.slice(both, [i, 0, 0], [1, -1, -1]).dataSync())
        expectClose(together, alone.logits, { relative: 2e-5 })
        disposeModelCache(alone.cache)
      })
      tf.dispose([first, second, both])
      disposeModelCache(cache)
      disposeParameters(parameters)
    })
  })

  it('sequences of different lengths, as each alone', async () => {
    await expectNoLeak(() => {
      const parameters = initializeParameters(config, createRandom(2))
      const texts = [19, 4, 12].map((length, b) => Array.from({ length }, (_, i) => (i * (b + 3) + 1) % 17))
      const chunk = 5
      let cache = createModelCache(config, 3)
      const last: number[][] = []
      for (let start = 0; start < 20; start += chunk) {
        const parts = texts.map((text) => text.slice(start, start + chunk))
        const lengths = parts.map(({ length }) => length)
        const rows = parts.map((part) => [...part, ...new Array<number>(chunk - part.length).fill(0)])
        const ids = tf.tensor2d(rows, undefined, 'int32')
        const next = swatTransformer(parameters, config, ids, { cache, lengths, logits: 'last', kernels })
        cache = next.cache as ModelCache
        const logits = next.logits.dataSync()
        lengths.forEach((length, b) => {
          if (length > 0) last[b] = [...logits.subarray(17 * b, 17 * b + 17)]
        })
        tf.dispose([ids, next.logits])
      }
      expect(cache.layers[1].positions).toEqual([19, 4, 12])

      // then one token more for each, at its own position
      const ids = tf.tensor2d([[1], [2], [3]], undefined, 'int32')
      const next = swatTransformer(parameters, config, ids, { cache, kernels })
      const after = next.logits.dataSync()
      texts.forEach((text, b) => {
        const alone = stream(parameters, config, [...text, b + 1], [20], kernels)
        expectClose(last[b], alone.logits.slice(-2 * 17, -17), { relative: 2e-5, name: `end of text ${b}` })
        expectClose(after.subarray(17 * b, 17 * b + 17), alone.logits.slice(-17), { relative: 2e-5, name: `text ${b}` })
        disposeModelCache(alone.cache)
      })
      tf.dispose([ids, next.logits])
      disposeModelCache(next.cache as ModelCache)
      disposeParameters(parameters)
    })
  })
})

describe('a model cache', () => {
  const config = resolveConfig({ vocabSize: 17, hiddenSize: 8, layers: 3, heads: 2, intermediateSize: 8, window: 4 })

  beforeAll(async () => {
    await useEngine({ backend: 'cpu' })
  })

  it('is consumed', async () => {
    await expectNoLeak(() => {
      const parameters = initializeParameters(config, createRandom(1))
      const cache = createModelCache(config, 1)
      const ids = idsTensor([1, 2, 3])
      const next = swatTransformer(parameters, config, ids, { cache })
      expect(() => swatTransformer(parameters, config, ids, { cache })).toThrow(
        'cachedAttention: the cache must be the newest of its stream',
      )
      disposeModelCache(cache) // has nothing left
      disposeModelCache(next.cache as ModelCache)
      tf.dispose([ids, next.logits])
      disposeParameters(parameters)
    })
  })

  it('leaves nothing behind when a later layer fails', async () => {
    await expectNoLeak(() => {
      const parameters = initializeParameters(config, createRandom(1))
      const cache = createModelCache(config, 1)
      const ids = idsTensor([1, 2, 3])
      const { attn } = parameters.model.layers[2]
      const broken = {
        ...parameters.model.layers[2],
        attn: { ...attn, k_proj: { weight: tf.zeros<tf.Rank.R2>([8, 6]) } },
      }
      const layers = [...parameters.model.layers.slice(0, 2), broken]
      const model = { ...parameters.model, layers }
      expect(() => swatTransformer({ ...parameters, model }, config, ids, { cache })).toThrow('k_proj.weight must have')
      disposeModelCache(cache)
      tf.dispose([ids, broken.attn.k_proj.weight])
      disposeParameters(parameters)
    })
  })
})
