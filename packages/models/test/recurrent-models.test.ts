import {
  createRandom,
  disposeParameters,
  flattenParameters,
  tf,
  useEngine,
  valueAndGradients,
} from '@swat-js/tensor-core'
import { expectClose, expectNoLeak, webgpuUnavailable } from '@swat-js/tensor-core/testing'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  baselineConfig,
  createModelCache,
  disposeModelCache,
  evaluateTokens,
  fromHuggingFaceConfig,
  generateBatch,
  initializeParameters,
  modelLoss,
  parameterCount,
  parameterShapes,
  swatTransformer,
  toHuggingFaceConfig,
  type BaselineName,
  type SwatConfig,
  type SwatParameters,
} from '../src/index.js'
import { smallTexts } from './fixtures/small-configs.js'
import { idsTensor, stream } from './fixtures/stream.js'

const types = ['retnet', 'gla', 'mamba2', 'deltanet', 'gated-deltanet'] as const satisfies BaselineName[]
const configOf = (type: (typeof types)[number], layers = 2): SwatConfig =>
  baselineConfig(type, 'nano', {
    ...{ vocabSize: 7, hiddenSize: 12, layers, heads: 2, headDim: 6, intermediateSize: 8, initStd: 0.3 },
    normEpsilon: 1e-5,
  })

const noGpu = await webgpuUnavailable()
const text = Array.from({ length: 40 }, (_, i) => (i * i + (i >> 2)) % 7)

const inTest = (config: SwatConfig, test: (parameters: SwatParameters) => void | Promise<void>) =>
  expectNoLeak(async () => {
    const parameters = initializeParameters(config, createRandom(3))
    await test(parameters)
    disposeParameters(parameters)
  })

describe.each(types)('%s in the place of attention', (type) => {
  const config = configOf(type)
  beforeAll(async () => {
    await useEngine({ backend: 'cpu' })
  })

  it('full forward pass = token by token = prefill in chunks', async () => {
    const chunkings = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(smallTexts({ minLength: 1, maxLength: 70 }), chunkings, async (text, chunks) => {
        await inTest(config, (parameters) => {
          const ids = idsTensor(text)
          const { logits } = swatTransformer(parameters, config, ids)
          for (const chunking of [[1], chunks]) {
            const streamed = stream(parameters, config, text, chunking)
            expectClose(streamed.logits, logits.dataSync(), { relative: 2e-5, name: `chunks ${chunking.join()}` })
            expect(streamed.cache.layers.map(({ positions }) => positions)).toEqual([[text.length], [text.length]])
            disposeModelCache(streamed.cache)
          }
          tf.dispose([ids, logits])
        })
      }),
      { numRuns: 6, seed: 1 },
    )
  })

  it('sequences of different lengths in a batch, as each alone; memory does not grow', () =>
    inTest(config, async (parameters) => {
      const prompts = [text, text.slice(5, 9), text.slice(3, 20)]
      const options = { maxNewTokens: 5, seed: 2, prefillChunk: 16, logProbabilities: 0 }
      const alone = await Promise.all(
        prompts.map(async (prompt, i) => {
          const drawn: number[] = []
          const own = { ...options, seed: options.seed + i }
          for await (const [one] of generateBatch(parameters, config, [prompt], own)) drawn.push(one!.logProbability!)
          return drawn
        }),
      )
      const together: number[][] = [[], [], []]
      const memory: number[] = []
      for await (const step of generateBatch(parameters, config, prompts, options)) {
        step.forEach((one, i) => together[i].push(one!.logProbability!))
        memory.push(tf.memory().numBytes)
      }
      together.forEach((row, i) => expectClose(row, alone[i], { relative: 2e-5 }))
      expect(new Set(memory).size).toBe(1)
    }))

  it('no token changes what comes before it, every one what comes after', () =>
    inTest(config, (parameters) => {
      const logitsOf = (text: number[]) =>
        tf.tidy(() => swatTransformer(parameters, config, idsTensor(text)).logits.dataSync().slice())
      const [before, after] = [logitsOf(text), logitsOf(text.with(11, (text[11] + 1) % 7))]
      const changed = text.map((_, i) => [0, 1, 2, 3, 4, 5, 6].some((k) => before[7 * i + k] !== after[7 * i + k]))
      expect(changed).toEqual(text.map((_, i) => i >= 11))
    }))

  it('activations computed again give the same gradients', () =>
    inTest(config, (parameters) => {
      const batch = { inputs: Int32Array.from(text), labels: Int32Array.from([...text.slice(1), 0]) }
      const run = (checkpointActivations: boolean) =>
        valueAndGradients(
          (tree: SwatParameters) =>
            modelLoss(tree, config, { ...batch, batchSize: 2, length: 20 }, { checkpointActivations }),
          parameters,
        )
      const [kept, again] = [run(false), run(true)]
      const gradients = flattenParameters(again.gradients)
      expect([...gradients.keys()]).toEqual([...parameterShapes(config).keys()])
      for (const [name, gradient] of flattenParameters(kept.gradients)) {
        expectClose(gradients.get(name)!, gradient, { relative: 1e-5, name })
        expect(Math.max(...gradient.dataSync().map(Math.abs)), name).toBeGreaterThan(0)
      }
      for (const { value, gradients } of [kept, again]) {
        value.dispose()
        disposeParameters(gradients)
      }
    }))

  it('has its parameters, and survives config.json', () => {
    const shapes = [...parameterShapes(config).values()].map((shape) => shape.reduce((a, b) => a * b))
    expect(parameterCount(config).total).toBe(shapes.reduce((a, b) => a + b))
    const json = JSON.parse(JSON.stringify(toHuggingFaceConfig(config))) as Record<string, unknown>
    expect(json).toMatchObject({ swat_mixer: type, attention_normalization: type })
    expect(fromHuggingFaceConfig(json)).toStrictEqual(config)
  })

  it('refuses a cache of attention', () =>
    inTest(config, (parameters) => {
      const cache = createModelCache(baselineConfig('transformer++', 'nano', { layers: 2 }), 1)
      const ids = idsTensor([1])
      expect(() => swatTransformer(parameters, config, ids, { cache })).toThrow(
        `swatBlock: the cache is that of attention, but the block has ${type}.`,
      )
      ids.dispose()
      disposeModelCache(cache)
    }))
})

const others = [
  { backend: 'wasm' as const, title: 'wasm' },
  { backend: 'webgpu' as const, title: noGpu ? `webgpu (skipped: ${noGpu})` : 'webgpu' },
].filter(({ backend }) => backend === 'wasm' || !noGpu)

describe.each(others)('recurrent models on $title', ({ backend }) => {
  it.each(types)('%s: loss and gradients as on the reference engine', async (type) => {
    const config = configOf(type, 1)
    const batch = { inputs: Int32Array.from(text), labels: Int32Array.from([...text.slice(1), 0]) }
    const run = async (backend: 'cpu' | 'wasm' | 'webgpu') => {
      await useEngine({ backend })
      const parameters = initializeParameters(config, createRandom(3))
      const { value, gradients } = valueAndGradients(
        (tree: SwatParameters) => modelLoss(tree, config, { ...batch, batchSize: 2, length: 20 }),
        parameters,
      )
      const entries = [...flattenParameters(gradients)]
      const values = await Promise.all(entries.map(async ([name, tensor]) => [name, await tensor.data()] as const))
      const { loss } = await evaluateTokens(parameters, config, text, { chunk: 16 })
      const result = { value: (await value.data())[0], loss, gradients: new Map(values) }
      value.dispose()
      disposeParameters(gradients)
      disposeParameters(parameters)
      return result
    }
    const [reference, actual] = [await run('cpu'), await run(backend)]
    expect(Math.abs(actual.value / reference.value - 1)).toBeLessThan(2e-6)
    expect(Math.abs(actual.loss / reference.loss - 1)).toBeLessThan(2e-6)
    for (const [name, gradient] of actual.gradients) {
      expectClose(gradient, reference.gradients.get(name)!, { relative: 2e-5, name })
    }
  })
})
