import { rotaryScalingAt, rotaryTables, type RotaryScaling } from '@swat-js/positional-encodings'
import { createRandom, disposeParameters, embedding, tf, useEngine } from '@swat-js/tensor-core'
import { expectClose, expectNoLeak } from '@swat-js/tensor-core/testing'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  blockSettings,
  createModelCache,
  disposeModelCache,
  evaluateTokens,
  generateTokens,
  initializeParameters,
  resolveConfig,
  swatBlock,
  swatTransformer,
  type SwatConfig,
  type SwatParameters,
} from '../src/index.js'
import { smallConfigs, smallTexts } from './fixtures/small-configs.js'
import { idsTensor, stream } from './fixtures/stream.js'

const statics: RotaryScaling[] = [
  { type: 'linear', factor: 3 },
  { type: 'ntk', factor: 3 },
  { type: 'yarn', factor: 3, originalLength: 8 },
  { type: 'yarn', factor: 3, originalLength: 8, mscale: 1.3 },
  { type: 'yarn-by-parts', factor: 3, originalLength: 8 },
  { type: 'yarn-by-parts', factor: 3, originalLength: 8, mscale: 1.3 },
]
const dynamics: RotaryScaling[] = [
  { type: 'dynamic-linear', originalLength: 8 },
  { type: 'dynamic-ntk', factor: 2, originalLength: 8 },
]
const title = (scaling: RotaryScaling) => JSON.stringify(scaling).replaceAll('"', '')
const titled = (scalings: RotaryScaling[]) => scalings.map((scaling) => ({ scaling, title: title(scaling) }))

/** Small models of every kind with that scaling. */
const configsWith = (scaling: RotaryScaling) =>
  smallConfigs().map((config) => resolveConfig({ ...config, rope: { base: 100, scaling } }))

/** The same without sinks, which stand where they stand. */
const shiftable = (scaling: RotaryScaling | undefined) =>
  smallConfigs().map((config) =>
    resolveConfig({ ...config, sinks: 0, sinkPositions: 'absolute', rope: { base: 100, scaling } }),
  )

const withScaling = (config: SwatConfig, scaling: RotaryScaling | undefined) =>
  resolveConfig({ ...config, rope: { base: 100, scaling } })

/** Logits of a whole text, `[length · vocab]`. */
function logitsOf(parameters: SwatParameters, config: SwatConfig, text: number[]): Float32Array {
  return tf.tidy(() => swatTransformer(parameters, config, idsTensor(text)).logits.dataSync<'float32'>().slice())
}

beforeAll(async () => {
  await useEngine({ backend: 'cpu' })
})

describe.each(titled(statics))('rope.scaling $title', ({ scaling }) => {
  it('full forward pass = token by token = prefill in chunks', async () => {
    const texts = smallTexts({ minLength: 1, maxLength: 24 })
    const chunkings = fc.array(fc.integer({ min: 1, max: 10 }), { minLength: 1, maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(configsWith(scaling), texts, chunkings, fc.nat(), async (config, text, chunks, seed) => {
        await expectNoLeak(() => {
          const parameters = initializeParameters(config, createRandom(seed))
          const logits = logitsOf(parameters, config, text)
          for (const chunking of [[1], chunks]) {
            const streamed = stream(parameters, config, text, chunking)
            expectClose(streamed.logits, logits, { relative: 2e-5, name: `chunks ${chunking.join()}` })
            disposeModelCache(streamed.cache)
          }
          disposeParameters(parameters)
        })
      }),
      { numRuns: 30, seed: 1 },
    )
  })

  it('changes what the model computes', () => {
    const plain = resolveConfig({ ...wholeText, rope: { base: 100 } })
    const parameters = initializeParameters(plain, createRandom(1))
    const text = Array.from({ length: 24 }, (_, i) => (5 * i + 1) % 17)
    const [before, after] = [plain, withScaling(plain, scaling)].map((config) => logitsOf(parameters, config, text))
    expect(() => expectClose(after, before, { relative: 1e-3 })).toThrow('worst element')
    disposeParameters(parameters)
  })
})

describe.each([{ scaling: undefined, title: 'none' }, ...titled([...statics, ...dynamics])])(
  'rope.scaling $title',
  ({ scaling }) => {
    it('a constant added to all positions changes nothing', async () => {
      const texts = smallTexts({ minLength: 1, maxLength: 24 })
      await fc.assert(
        fc.asyncProperty(shiftable(scaling), texts, fc.nat(2 ** 31), fc.nat(), async (config, text, shift, seed) => {
          await expectNoLeak(() => {
            const parameters = initializeParameters(config, createRandom(seed))
            const [here, there] = [0, shift].map((start) => hiddenFrom(start, parameters, config, text))
            expectClose(there, here, { relative: 2e-5 })
            disposeParameters(parameters)
          })
        }),
        { numRuns: 30, seed: 1 },
      )
    })
  },
)

/** Hidden states after the last block of a text whose first token stands at `start`. */
function hiddenFrom(start: number, parameters: SwatParameters, config: SwatConfig, text: number[]): Float32Array {
  const { headDim, rope } = config
  const scaling = rotaryScalingAt(rope?.scaling, text.length)
  return tf.tidy(() => {
    const rotary = rotaryTables({ headDim, base: rope?.base, scaling, positions: { start, length: text.length } })
    let x = embedding(idsTensor(text), parameters.model.embeddings.weight) as tf.Tensor3D
    for (const [i, block] of parameters.model.layers.entries()) {
      x = swatBlock(x, block, blockSettings(config, i), { rotary }).output
    }
    return x.dataSync<'float32'>().slice()
  })
}

const wholeText = {
  vocabSize: 17,
  hiddenSize: 16,
  layers: 2,
  heads: 2,
  intermediateSize: 24,
  window: null,
  initStd: 0.3,
}

describe.each(titled(dynamics))('rope.scaling $title', ({ scaling }) => {
  const config = withScaling(resolveConfig(wholeText), scaling)
  const text = Array.from({ length: 20 }, (_, i) => (7 * i + 3) % 17)
  const inTest = (test: (parameters: SwatParameters) => void | Promise<void>) => () =>
    expectNoLeak(async () => {
      const parameters = initializeParameters(config, createRandom(3))
      await test(parameters)
      disposeParameters(parameters)
    })

  it(
    'is that of the length of the text',
    inTest((parameters) => {
      for (const length of [1, 8, 9, 20]) {
        const part = text.slice(0, length)
        const fixed = withScaling(config, rotaryScalingAt(scaling, length))
        expect(fixed.rope?.scaling === undefined).toBe(length <= 8)
        expectClose(logitsOf(parameters, config, part), logitsOf(parameters, fixed, part), { relative: 0 })
      }
    }),
  )

  it(
    'streams up to the original length, as a whole text does',
    inTest((parameters) => {
      const part = text.slice(0, 8)
      for (const chunk of [1, 3, 8]) {
        const streamed = stream(parameters, config, part, [chunk])
        expectClose(streamed.logits, logitsOf(parameters, config, part), { relative: 2e-5 })
        disposeModelCache(streamed.cache)
      }
    }),
  )

  it(
    'refuses to stream further, where cached keys would have to turn',
    inTest((parameters) => {
      const message =
        `swatTransformer: with a cache, a text must not grow beyond the originalLength of ${scaling.type} scaling, but ` +
        'it has 9 tokens now'
      for (const start of [0, 8]) {
        const { cache } = stream(parameters, config, text.slice(0, start), [4])
        const ids = idsTensor(text.slice(start, 9))
        expect(() => swatTransformer(parameters, config, ids, { cache })).toThrow(message)
        expect(() => swatTransformer(parameters, config, ids, { cache })).toThrow(
          expect.objectContaining({ code: 'config' }),
        )
        ids.dispose()
        disposeModelCache(cache)
      }
    }),
  )

  it(
    'counts the own tokens of a sequence, not its padding',
    inTest((parameters) => {
      const cache = createModelCache(config, 2)
      const ids = tf.tensor2d([text.slice(0, 10), text.slice(0, 10)], undefined, 'int32')
      const { logits, cache: next } = swatTransformer(parameters, config, ids, { cache, lengths: [8, 3] })
      tf.dispose([ids, logits])
      if (next) disposeModelCache(next)
    }),
  )

  it(
    'streams as far as it was fixed for from the first token on: the way out that the error names',
    inTest((parameters) => {
      const fixed = withScaling(config, rotaryScalingAt(scaling, text.length))
      const streamed = stream(parameters, fixed, text, [3])
      expectClose(streamed.logits, logitsOf(parameters, config, text), { relative: 2e-5 })
      disposeModelCache(streamed.cache)
    }),
  )

  it(
    'evaluation and generation pass the error on and free what they hold',
    inTest(async (parameters) => {
      await expect(evaluateTokens(parameters, config, text)).rejects.toThrow('must not grow beyond the originalLength')
      const tokens: number[] = []
      const generate = async () => {
        const options = { maxNewTokens: 10, temperature: 0 }
        for await (const token of generateTokens(parameters, config, text.slice(0, 5), options)) tokens.push(token)
      }
      await expect(generate()).rejects.toThrow('it has 9 tokens now')
      expect(tokens).toHaveLength(4)
    }),
  )
})
