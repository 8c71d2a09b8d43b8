import { receptiveField } from '@swat-js/swat-attention'
import { createRandom, disposeParameters, tf, useEngine } from '@swat-js/tensor-core'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { initializeParameters, layerWindows, resolveConfig, swatTransformer, type SwatConfig } from '../src/index.js'
import { smallConfigs } from './fixtures/small-configs.js'

const cases = [1, 2, 3, 4].flatMap((window) => [1, 2, 3].map((layers) => ({ window, layers })))

beforeAll(async () => {
  await useEngine({ backend: 'cpu' })
})

describe('receptive field', () => {
  it.each(cases)('window $window, $layers layers: a token reaches 1 + (window − 1) · layers outputs', (size) => {
    tf.tidy(() => {
      const sizes = { vocabSize: 5, hiddenSize: 16, heads: 2, intermediateSize: 16, initStd: 0.5 }
      const config = resolveConfig({ ...sizes, ...size })
      const reach = receptiveField(size)
      expect(reach).toBe(1 + (size.window - 1) * size.layers)
      expect(outputsReached(config, 16, 2)).toEqual(
        Array.from({ length: reach }, (_, i) => 2 + i).filter((i) => i < 16),
      )
    })
  })

  it('is what the windows of the layers make, for random models of every kind', async () => {
    const length = 26
    await fc.assert(
      fc.asyncProperty(smallConfigs(), async (drawn) => {
        // Strong slopes would make the furthest changes smaller than the last digit.
        const slopes = Array.from({ length: drawn.heads }, () => 0.01)
        const config = resolveConfig({ ...drawn, ...(drawn.slopes !== 'none' && { slopes }) })
        const changedAt = config.sinks // a sink reaches further
        const reach = layerWindows(config).reduce<number>((sum, window) => sum + (window ?? Infinity) - 1, 1)
        const expected = Array.from({ length }, (_, i) => i).filter((i) => i >= changedAt && i < changedAt + reach)
        expect(outputsReached(config, length, changedAt)).toEqual(expected)
      }),
      { numRuns: 30, seed: 1 },
    )
  })
})

/** Where the logits change when a token does. */
function outputsReached(config: SwatConfig, length: number, changedAt: number): number[] {
  return tf.tidy(() => {
    const { vocabSize } = config
    const parameters = initializeParameters(config, createRandom(3))
    const text = Array.from({ length }, (_, i) => i % 5)
    const logitsOf = (ids: number[]) =>
      swatTransformer(parameters, config, tf.tensor2d([ids], [1, length], 'int32')).logits.dataSync()
    const rowsOf = (logits: ArrayLike<number>) =>
      text.map((_, i) => Array.from({ length: vocabSize }, (_, k) => logits[vocabSize * i + k]).join())
    const [before, after] = [rowsOf(logitsOf(text)), rowsOf(logitsOf(text.with(changedAt, 4)))]
    disposeParameters(parameters)
    return text.map((_, i) => i).filter((i) => before[i] !== after[i])
  })
}
