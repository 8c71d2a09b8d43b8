import { beforeAll, expect, it } from 'vitest'
import { useEngine } from '../engines/use-engine.js'
import { valueAndGradients } from '../gradients/value-and-gradients.js'
import { checkGradients } from '../testing/check-gradients.js'
import { expectNoLeak } from '../testing/expect-no-leak.js'
import { describeOn, kernelPairsOf } from '../testing/kernel-pairs.js'
import { valuesOf } from '../testing/values-of.js'
import { tf } from '../tf.js'
import { linear } from './linear.js'
import { kernels } from './kernels/index.js'

for (const on of kernelPairsOf(kernels))
  describeOn(`linear: kernel '${on.use}'`, on, ({ backend, use }) => {
    beforeAll(async () => {
      await useEngine({ backend })
    })

    it('is x · weightᵀ, worked by hand, with its gradients', async () => {
      await expectNoLeak(async () => {
        const { output, x, weight } = await valuesOf(() => {
          const inputs = {
            x: tf.tensor3d([
              [
                [1, 2],
                [3, 4],
              ],
            ]),
            weight: tf.tensor2d([
              [5, 6],
              [7, 8],
              [9, 10],
            ]),
          }
          const output = linear(inputs.x, inputs.weight, { kernels: { use } })
          const outputGradient = tf.tensor3d([
            [
              [1, 0, 2],
              [0, 1, -1],
            ],
          ])
          const { gradients } = valueAndGradients(({ x, weight }) => {
            return tf.sum(tf.mul(linear(x, weight, { kernels: { use } }), outputGradient)) as tf.Scalar
          }, inputs)
          return { output, ...gradients }
        })
        expect(output).toEqual({ shape: [1, 2, 3], data: [17, 23, 29, 39, 53, 67] })
        expect(x).toEqual({ shape: [1, 2, 2], data: [23, 26, -2, -2] })
        expect(weight).toEqual({ shape: [3, 2], data: [1, 2, 3, 4, -1, 0] })
      })
    })

    // on the GPU the conformance suite compares gradients with the reference's
    if (backend !== 'webgpu') {
      it('has the gradient of its differences', () => {
        const inputs = {
          x: tf.tensor2d([
            [0.5, -1, 2],
            [1, 0.3, -0.2],
          ]),
          weight: tf.tensor2d([[1, -0.5, 2]]),
        }
        checkGradients(
          ({ x, weight }) => tf.sum(tf.square(linear(x, weight, { kernels: { use } }))) as tf.Scalar,
          inputs,
        )
      })
    }

    it('refuses a weight of another size', () => {
      expect(() => linear(tf.zeros([2, 3]), tf.ones([3, 4]))).toThrow(
        'linear: weight must have shape [outputSize, 3], but has [3, 4].',
      )
    })
  })
