import { beforeAll, expect, it } from 'vitest'
import { useEngine } from '../../../engines/use-engine.js'
import { expectClose } from '../../../testing/expect-close.js'
import { tf } from '../../../tf.js'
import { kernel } from './kernel.js'

beforeAll(async () => {
  await useEngine({ backend: 'wasm' })
})

const weightDecay = 0
const factors = { learningRate: 0.1, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, step: 1 }

// The trap: TensorFlow.js multiplies by the packed copy it made of a right-hand operand, whatever is written to it.
it('gives products the new parameter, by leaving the old one as it was', () => {
  const parameter = tf.ones([5, 5])
  const row = tf.ones([1, 5]) as tf.Tensor2D
  tf.matMul(row, parameter as tf.Tensor2D)
  const [gradient, firstMoment, secondMoment] = [tf.ones([5, 5]), tf.zeros([5, 5]), tf.zeros([5, 5])]
  const given = { parameter, gradient, firstMoment, secondMoment, weightDecay }
  const [updated] = kernel.update([given], { gradientScale: null, ...factors })
  expectClose(parameter, tf.ones([5, 5]), { relative: 0 })
  expectClose(tf.matMul(row, updated.parameter as tf.Tensor2D), Array(5).fill(4.5), { relative: 1e-6 })
})

it.each([0, NaN, Infinity])('hands back what came when the gradient counts %d times', (scale) => {
  const given = { parameter: tf.ones([3]), firstMoment: tf.ones([3]), secondMoment: tf.ones([3]) }
  const gradientScale = tf.scalar(scale)
  const parameter = { ...given, gradient: tf.fill([3], NaN), weightDecay }
  expect(kernel.update([parameter], { gradientScale, ...factors })).toEqual([given])
})
