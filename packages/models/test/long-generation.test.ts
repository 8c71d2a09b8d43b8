import { createRandom, disposeParameters, tf, useEngine } from '@swat-js/tensor-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { generateTokens, initializeParameters, resolveConfig } from '../src/index.js'

beforeAll(async () => {
  await useEngine({ backend: 'cpu' })
})

describe('20,000 generated tokens', () => {
  it('need no more memory than the first window', async () => {
    const sizes = { vocabSize: 16, hiddenSize: 8, layers: 2, heads: 2, intermediateSize: 8, window: 16, initStd: 0.3 }
    const config = resolveConfig(sizes)
    const parameters = initializeParameters(config, createRandom(1))
    const before = tf.memory()
    const options = { maxNewTokens: 20_000, temperature: 1, random: createRandom(2) }
    const counts = new Array<number>(16).fill(0)
    const samples: { numTensors: number; numBytes: number }[] = []
    let produced = 0
    for await (const token of generateTokens(parameters, config, [1, 2, 3], options)) {
      counts[token]++
      produced++
      if (produced % 1_000 === 0) {
        const { numTensors, numBytes } = tf.memory()
        samples.push({ numTensors: numTensors - before.numTensors, numBytes: numBytes - before.numBytes })
      }
    }
    expect(produced).toBe(20_000)
    // Keys and values of 2 layers, 15 positions, 2 heads of 4 channels, 4 bytes each; nothing else is alive.
    expect(samples).toEqual(new Array(20).fill({ numTensors: 4, numBytes: 2 * 2 * 15 * 2 * 4 * 4 }))
    expect(counts.every((count) => count > 0)).toBe(true)
    expect(tf.memory()).toMatchObject({ numTensors: before.numTensors, numBytes: before.numBytes })
    disposeParameters(parameters)
  }, 300_000)
})
