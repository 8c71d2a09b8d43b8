import fc from 'fast-check'
import {
  createRandom,
  disposeParameters,
  flattenParameters,
  mapParameters,
  nextTokenLabels,
  tf,
  useEngine,
  valueAndGradients,
} from '@swat-js/tensor-core'
import { expectNoLeak } from '@swat-js/tensor-core/testing'
import { beforeAll, describe, expect, it } from 'vitest'
import { initializeParameters, modelLoss, type SwatParameters } from '../src/index.js'
import { smallConfigs, smallTexts } from './fixtures/small-configs.js'

beforeAll(async () => {
  await useEngine({ backend: 'cpu' })
})

/** Loss with one tensor moved along its gradient by a distance. */
function lossAt(
  loss: (parameters: SwatParameters) => tf.Scalar,
  parameters: SwatParameters,
  name: string,
  direction: Float64Array,
  distance: number,
): number {
  return tf.tidy(() => {
    const moved = mapParameters(parameters, (tensor, tensorName) => {
      if (tensorName !== name) return tensor
      const values = Float32Array.from(tensor.dataSync(), (value, i) => value + distance * direction[i])
      return tf.tensor(values, tensor.shape)
    })
    return loss(moved as unknown as SwatParameters).dataSync()[0]
  })
}

/** Moves the embedding out of the region around 0, where the norms bend too sharply for differences. */
function awayFromZero(parameters: SwatParameters): SwatParameters {
  return mapParameters(parameters, (tensor, name) => {
    if (name !== 'model.embeddings.weight') return tensor
    const moved = Float32Array.from(tensor.dataSync(), (value) => value + (value < 0 ? -1 : 1))
    tensor.dispose()
    return tf.tensor(moved, tensor.shape)
  }) as unknown as SwatParameters
}

describe('gradients of the whole model', () => {
  it('are its directional derivatives, for every parameter of random models', async () => {
    const texts = smallTexts({ minLength: 2, maxLength: 9 })
    await fc.assert(
      fc.asyncProperty(smallConfigs(), texts, texts, fc.nat(), async (config, first, second, seed) => {
        const length = Math.min(first.length, second.length)
        const inputs = Int32Array.from([...first.slice(0, length), ...second.slice(0, length)])
        const batch = { inputs, labels: nextTokenLabels(inputs, 2, length), batchSize: 2, length }
        const loss = (parameters: SwatParameters) => modelLoss(parameters, config, batch, { kernels: { use: 'cpu' } })
        await expectNoLeak(() => {
          const parameters = awayFromZero(initializeParameters(config, createRandom(seed)))
          const { value, gradients } = valueAndGradients(loss, parameters)
          for (const [name, gradient] of flattenParameters(gradients)) {
            const values = Float64Array.from(gradient.dataSync())
            const slope = Math.hypot(...values)
            if (slope === 0) continue
            const direction = values.map((entry) => entry / slope)
            const central = (step: number) =>
              (lossAt(loss, parameters, name, direction, step) - lossAt(loss, parameters, name, direction, -step)) /
              (2 * step)
            // Richardson: the error of second order cancels. A float32 loss near 3 is good to about 5e-7, so this is
            // good to about 2e-4.
            const [wide, narrow] = [central(1e-2), central(5e-3)]
            const measured = (4 * narrow - wide) / 3
            const allowed = Math.max(3e-4, 3e-3 * slope)
            expect(Math.abs(measured - slope), `${name}: ${slope}, measured ${measured}`).toBeLessThanOrEqual(allowed)
          }
          value.dispose()
          disposeParameters(gradients)
          disposeParameters(parameters)
        })
      }),
      { numRuns: 30 },
    )
  })
})
