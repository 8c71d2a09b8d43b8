import { receptiveField } from '@swat-js/swat-attention'
import { createRandom, disposeParameters, tf, useEngine } from '@swat-js/tensor-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { initializeParameters, resolveConfig, swatTransformer } from '../src/index.js'

const cases = [1, 2, 3, 4].flatMap((window) => [1, 2, 3].map((layers) => ({ window, layers })))

beforeAll(async () => {
  await useEngine({ backend: 'cpu' })
})

describe('receptive field', () => {
  it.each(cases)('window $window, $layers layers: a token reaches 1 + (window − 1) · layers outputs', (size) => {
    tf.tidy(() => {
      const sizes = { vocabSize: 5, hiddenSize: 16, heads: 2, intermediateSize: 16, initStd: 0.5 }
      const config = resolveConfig({ ...sizes, ...size })
      const parameters = initializeParameters(config, createRandom(3))
      const length = 16
      const changedAt = 2
      const text = Array.from({ length }, (_, i) => i % 5)
      const logitsOf = (ids: number[]) =>
        swatTransformer(parameters, config, tf.tensor2d([ids], [1, length], 'int32')).logits.dataSync()
      const before = logitsOf(text)
      const after = logitsOf(text.with(changedAt, 4))
      const changed = text.map((_, i) => after.slice(5 * i, 5 * i + 5).some((logit, k) => logit !== before[5 * i + k]))

      const reach = receptiveField(size)
      expect(reach).toBe(1 + (size.window - 1) * size.layers)
      expect(changed).toEqual(text.map((_, i) => i >= changedAt && i < changedAt + reach))
      disposeParameters(parameters)
    })
  })
})
