import { beforeAll, expect, it } from 'vitest'
import { useEngine } from '../../../engines/use-engine.js'
import { expectClose } from '../../../testing/expect-close.js'
import { randomTensor } from '../../../testing/output-and-gradients.js'
import { tf } from '../../../tf.js'
import { rmsNorm } from '../../rms-norm.js'

beforeAll(async () => {
  await useEngine({ backend: 'wasm' })
})

const run = (x: tf.Tensor, weight: tf.Tensor) => rmsNorm(x, weight as tf.Tensor1D, { kernels: { use: 'wasm' } })

it('keeps NaN in its row', () => {
  const values = [...randomTensor([5, 7], 1).data]
  values[2 * 7 + 6] = NaN
  const [x, weight] = [tf.tensor2d(values, [5, 7]), tf.ones([7])]
  const [dx, dWeight] = tf.grads(run)([x, weight])
  for (const result of [run(x, weight), dx]) {
    for (const [i, value] of result.dataSync().entries()) expect(Number.isNaN(value)).toBe(Math.floor(i / 7) === 2)
  }
  expect(dWeight.dataSync().every(Number.isNaN)).toBe(true) // it is a sum over all rows
})

it('adds the gradient of the weight up over many rows without losing digits', () => {
  const [rows, size] = [4096, 5]
  const dWeight = tf.grads(run)([tf.ones([rows, size]), tf.ones([size])], tf.fill([rows, size], 1.1))[1]
  expectClose(dWeight, Array(size).fill((rows * Math.fround(1.1)) / Math.sqrt(1 + 1e-6)), { relative: 1e-6 })
})

it('takes integers', () => {
  const x = tf.tensor2d([3, 4], [1, 2], 'int32')
  expectClose(run(x, tf.ones([2])).dataSync(), [3 / Math.sqrt(12.5), 4 / Math.sqrt(12.5)])
})
