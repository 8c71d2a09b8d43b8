import { createRandom, disposeParameters, heapMemory, tf, useEngine } from '@swat-js/tensor-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { embedTokens, generateTokens, initializeParameters, resolveConfig, type SwatParameters } from '../src/index.js'

const config = resolveConfig({
  ...{ vocabSize: 16, hiddenSize: 8, layers: 2, heads: 2, intermediateSize: 8, window: 16, initStd: 0.3 },
})
// Keys and values of 2 layers, 15 positions, 2 heads of 4 channels, 4 bytes each.
const cache = { numTensors: 4, numBytes: 2 * 2 * 15 * 2 * 4 * 4 }
let parameters: SwatParameters
let before: { numTensors: number; numBytes: number }

beforeAll(async () => {
  await useEngine({ backend: 'wasm' })
  parameters = initializeParameters(config, createRandom(1))
  before = tf.memory()
})
afterAll(() => {
  expect(tf.memory()).toMatchObject({ numTensors: before.numTensors, numBytes: before.numBytes })
  disposeParameters(parameters)
})

const memory = () => {
  const { numTensors, numBytes } = tf.memory()
  return { numTensors: numTensors - before.numTensors, numBytes: numBytes - before.numBytes }
}
const heapBytes = () => heapMemory().buffer.byteLength

describe('20,000 generated tokens', () => {
  it('need no more memory than the first window', async () => {
    const sampling = { repetitionPenalty: 1.1, temperature: 1, topP: 0.99, random: createRandom(2) }
    const counts = new Array<number>(16).fill(0)
    const samples: { numTensors: number; numBytes: number; heap: number }[] = []
    let produced = 0
    for await (const token of generateTokens(parameters, config, [1, 2, 3], { maxNewTokens: 20_000, ...sampling })) {
      counts[token]++
      produced++
      if (produced % 1_000 === 0) samples.push({ ...memory(), heap: heapBytes() })
    }
    expect(produced).toBe(20_000)
    expect(samples).toEqual(new Array(20).fill({ ...cache, heap: samples[0].heap })) // nothing but the cache is alive
    expect(counts.every((count) => count > 0)).toBe(true)
  }, 300_000)
})

describe('a prompt of 50,000 tokens', () => {
  const prompt = (length: number) => Int32Array.from({ length }, (_, i) => (i * i + (i >> 4)) % 16)

  it('is read in the memory of a chunk', async () => {
    const read = async (length: number) => {
      const tokens: number[] = []
      for await (const token of generateTokens(parameters, config, prompt(length), {
        maxNewTokens: 5,
        temperature: 0,
      })) {
        expect(memory()).toEqual(cache)
        tokens.push(token)
      }
      expect(tokens).toHaveLength(5)
      await embedTokens(parameters, config, prompt(length))
      return heapBytes()
    }
    const bytes = await read(500)
    expect(await read(50_000)).toBe(bytes)
  }, 300_000)
})
