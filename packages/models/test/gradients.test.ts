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
import { initializeParameters, modelLoss, type SwatConfig, type SwatParameters } from '../src/index.js'
import { smallConfigs, smallTexts } from './fixtures/small-configs.js'

beforeAll(async () => {
  await useEngine({ backend: 'cpu' })
})

/** Loss with one tensor moved along a direction. */
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

/**
 * Moves what the norms see out of the region around 0, where they bend too sharply for differences: the embedding, and
 * what makes the output of attention where that is normed.
 */
function awayFromZero(parameters: SwatParameters, { attnOutNorm }: SwatConfig): SwatParameters {
  const isSeen = attnOutNorm ? /\.embeddings\.weight$|\.[vo]_proj\.weight$/ : /\.embeddings\.weight$/
  return mapParameters(parameters, (tensor, name) => {
    if (!isSeen.test(name)) return tensor
    const moved = Float32Array.from(tensor.dataSync(), (value) => value + (value < 0 ? -1 : 1))
    tensor.dispose()
    return tf.tensor(moved, tensor.shape)
  }) as unknown as SwatParameters
}

function unit(direction: Float64Array): Float64Array {
  const length = Math.hypot(...direction)
  return direction.map((entry) => entry / length)
}

// noise: a float32 loss near 3 is good to about 5e-7 where sums are double, to 2e-6 where they are not; the differences
// below divide that by 5e-3.
describe.each([
  { use: 'cpu', numRuns: 20, noise: 3e-4 },
  { use: 'composite', numRuns: 8, noise: 1e-3 },
] as const)('gradients of the whole model with $use kernels', ({ use, numRuns, noise }) => {
  it('are its directional derivatives, for every parameter of random models', async () => {
    const texts = smallTexts({ minLength: 2, maxLength: 9 })
    await fc.assert(
      fc.asyncProperty(smallConfigs(), texts, texts, fc.nat(), async (config, first, second, seed) => {
        const length = Math.min(first.length, second.length)
        const inputs = Int32Array.from([...first.slice(0, length), ...second.slice(0, length)])
        const batch = { inputs, labels: nextTokenLabels(inputs, 2, length), batchSize: 2, length }
        const loss = (parameters: SwatParameters) => modelLoss(parameters, config, batch, { kernels: { use } })
        await expectNoLeak(() => {
          const random = createRandom(seed)
          const parameters = awayFromZero(initializeParameters(config, random), config)
          const { value, gradients } = valueAndGradients(loss, parameters)
          for (const [name, gradient] of flattenParameters(gradients)) {
            const values = Float64Array.from(gradient.dataSync())
            // Along itself a gradient is largest, but parts that are wrongly 0 go unseen: hence a random direction.
            const directions = [values.map(() => random.normal()), ...(values.some(Boolean) ? [values] : [])].map(unit)
            for (const direction of directions) {
              const slope = values.reduce((sum, entry, i) => sum + entry * direction[i], 0)
              const central = (step: number) =>
                (lossAt(loss, parameters, name, direction, step) - lossAt(loss, parameters, name, direction, -step)) /
                (2 * step)
              const [wide, narrow] = [central(1e-2), central(5e-3)]
              const measured = (4 * narrow - wide) / 3 // Richardson: the error of second order cancels
              const allowed = Math.max(noise, 3e-3 * Math.abs(slope))
              const difference = Math.abs(measured - slope)
              expect(difference, `${name}: ${slope}, measured ${measured}`).toBeLessThanOrEqual(allowed)
            }
          }
          value.dispose()
          disposeParameters(gradients)
          disposeParameters(parameters)
        })
      }),
      { numRuns, seed: 1 },
    )
  })
})
