import { beforeAll, describe, expect, it } from 'vitest'
import { useEngine } from '../engines/use-engine.js'
import { valueAndGradients } from '../gradients/value-and-gradients.js'
import { expectClose } from '../testing/expect-close.js'
import { expectNoLeak } from '../testing/expect-no-leak.js'
import { kernelPairs } from '../testing/kernel-pairs.js'
import { tf } from '../tf.js'
import { embedding } from './embedding.js'

describe.each(kernelPairs)("embedding: kernel '$use' on $backend", ({ backend, use }) => {
  beforeAll(async () => {
    await useEngine({ backend })
  })

  it('looks rows up and adds the gradients of an id that occurs twice', async () => {
    await expectNoLeak(() =>
      tf.tidy(() => {
        const weight = tf.tensor2d([
          [1, 2],
          [3, 4],
          [5, 6],
        ])
        const ids = tf.tensor2d(
          [
            [2, 0],
            [2, 2],
          ],
          [2, 2],
          'int32',
        )
        const output = embedding(ids, weight, { kernels: { use } })
        expectClose(output, { shape: [2, 2, 2], data: [5, 6, 1, 2, 5, 6, 5, 6] })
        const outputGradient = tf.tensor3d([
          [
            [1, 10],
            [2, 20],
          ],
          [
            [3, 30],
            [4, 40],
          ],
        ])
        const { gradients } = valueAndGradients(
          ({ weight }) => {
            return tf.sum(tf.mul(embedding(ids, weight, { kernels: { use } }), outputGradient)) as tf.Scalar
          },
          { weight },
        )
        expectClose(gradients.weight, { shape: [3, 2], data: [2, 20, 0, 0, 8, 80] })
      }),
    )
  })

  it('gives its gradient also when the ids are gone by then', () => {
    const weight = tf.tensor2d([[1], [3]])
    const { gradients } = valueAndGradients(
      ({ weight }) => {
        const ids = tf.tensor1d([1, 1], 'int32')
        const output = embedding(ids, weight, { kernels: { use } })
        ids.dispose()
        return tf.sum(output) as tf.Scalar
      },
      { weight },
    )
    expectClose(gradients.weight, { shape: [2, 1], data: [0, 2] })
  })

  it('refuses ids outside the table and ids that are not int32', () => {
    const weight = tf.zeros([3, 2]) as tf.Tensor2D
    expect(() => embedding(tf.tensor1d([0, 3], 'int32'), weight)).toThrow('ids must be in 0 … 2, but id number 1 is 3')
    expect(() => embedding(tf.tensor1d([-1], 'int32'), weight)).toThrow('id number 0 is -1')
    expect(() => embedding(tf.tensor1d([0, 1]), weight)).toThrow('embedding: ids must be int32, but are float32')
  })
})
