import fc from 'fast-check'
import { createRandom, disposeParameters, tf, useEngine } from '@swat-js/tensor-core'
import { expectClose, expectNoLeak } from '@swat-js/tensor-core/testing'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  createModelCache,
  disposeModelCache,
  initializeParameters,
  resolveConfig,
  swatTransformer,
  type ModelCache,
  type SwatConfig,
  type SwatParameters,
} from '../src/index.js'
import { engines } from './fixtures/engines.js'
import { smallConfigs } from './fixtures/small-configs.js'

const idsTensor = (ids: number[]) => tf.tensor2d(ids, [1, ids.length], 'int32')

/** Logits of a text that is read in chunks, and the cache after it. */
function stream(parameters: SwatParameters, config: SwatConfig, text: number[], chunks: number[], kernels = {}) {
  let cache = createModelCache(config, 1)
  const logits: number[] = []
  let start = 0
  for (let i = 0; start < text.length; i++) {
    const chunk = text.slice(start, start + chunks[i % chunks.length])
    const ids = idsTensor(chunk)
    const next = swatTransformer(parameters, config, ids, { cache, kernels })
    logits.push(...next.logits.dataSync())
    tf.dispose([ids, next.logits])
    disposeModelCache(cache)
    cache = next.cache as ModelCache
    start += chunk.length
  }
  return { logits, cache }
}

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
            expect(streamed.cache.position).toBe(text.length)
            const kept = config.window === null ? text.length : Math.min(text.length, config.window - 1)
            expect(streamed.cache.layers.map(({ keys }) => keys.shape[1])).toEqual(Array(config.layers).fill(kept))
            disposeModelCache(streamed.cache)
          }
          tf.dispose([ids, logits])
          disposeParameters(parameters)
        })
      }),
      { numRuns: 100 },
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
        disposeModelCache(cache)
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
})
