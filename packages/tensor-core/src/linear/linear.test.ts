import { beforeAll, describe, expect, it } from 'vitest'
import { useEngine } from '../engines/use-engine.js'
import { valueAndGradients } from '../gradients/value-and-gradients.js'
import { checkGradients } from '../testing/check-gradients.js'
import { expectClose } from '../testing/expect-close.js'
import { expectNoLeak } from '../testing/expect-no-leak.js'
import { kernelPairs } from '../testing/kernel-pairs.js'
import { tf } from '../tf.js'
import { linear } from './linear.js'

describe.each(kernelPairs)("linear: kernel '$use' on $backend", ({ backend, use }) => {
  beforeAll(async () => {
    await useEngine({ backend })
  })

  it('is x · weightᵀ, worked by hand, with its gradients', async () => {
    await expectNoLeak(() =>
      tf.tidy(() => {
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
        expectClose(output, { shape: [1, 2, 3], data: [17, 23, 29, 39, 53, 67] })
        const outputGradient = tf.tensor3d([
          [
            [1, 0, 2],
            [0, 1, -1],
          ],
        ])
        const { gradients } = valueAndGradients(({ x, weight }) => {
          return tf.sum(tf.mul(linear(x, weight, { kernels: { use } }), outputGradient)) as tf.Scalar
        }, inputs)
        expectClose(gradients.x, { shape: [1, 2, 2], data: [23, 26, -2, -2] })
        expectClose(gradients.weight, { shape: [3, 2], data: [1, 2, 3, 4, -1, 0] })
      }),
    )
  })

  it('has the gradient of its differences', () => {
    const inputs = {
      x: tf.tensor2d([
        [0.5, -1, 2],
        [1, 0.3, -0.2],
      ]),
      weight: tf.tensor2d([[1, -0.5, 2]]),
    }
    checkGradients(({ x, weight }) => tf.sum(tf.square(linear(x, weight, { kernels: { use } }))) as tf.Scalar, inputs)
  })

  it('refuses a weight of another size', () => {
    expect(() => linear(tf.zeros([2, 3]), tf.ones([3, 4]))).toThrow(
      'linear: weight must have shape [outputSize, 3], but has [3, 4].',
    )
  })
})
