import { beforeAll, describe, expect, it } from 'vitest'
import { useEngine } from '../engines/use-engine.js'
import { withGradient } from '../gradients/with-gradient.js'
import { tf } from '../tf.js'
import { checkGradients } from './check-gradients.js'
import { expectClose, relativeError } from './expect-close.js'
import { expectNoLeak } from './expect-no-leak.js'

beforeAll(async () => {
  await useEngine({ backend: 'cpu' })
})

describe('expectClose', () => {
  it('names the worst element', () => {
    const actual = tf.tensor2d([
      [1, 2],
      [3.5, 4],
    ])
    expect(() => expectClose(actual, { shape: [2, 2], data: [1, 2, 3, 4] }, { name: 'out' })).toThrow(
      'out: worst element [1, 0] is 3.5, expected 3; difference 5.00e-1, allowed 4.00e-6',
    )
  })

  it('accepts what is within the tolerance and refuses NaN, infinity, other shapes and lengths', () => {
    expectClose([1, 2.001], [1, 2], { relative: 1e-3 })
    expect(() => expectClose([1, NaN], [1, 2])).toThrow('is NaN')
    expect(() => expectClose([1, Infinity], [1, 2])).toThrow('is Infinity')
    expect(() => expectClose([1], [1, 2])).toThrow('expected 2 values, got 1')
    expect(() => expectClose(tf.zeros([2, 1]), { shape: [1, 2], data: [0, 0] })).toThrow('expected shape [1, 2]')
  })

  it('measures the error as a share of the largest magnitude', () => {
    expect(relativeError([1, 5], [2, 4])).toBe(0.25)
  })
})

describe('checkGradients', () => {
  const square = (factor: number) => (x: tf.Tensor) =>
    withGradient(
      [x],
      ([x]) => tf.square(x),
      (dy, [x]) => [tf.mul(dy, tf.mul(factor, x))],
    )

  it('passes a right gradient and catches a wrong one', () => {
    const parameters = { x: tf.tensor1d([0.3, -0.7, 1.1]) }
    checkGradients(({ x }) => tf.sum(square(2)(x)) as tf.Scalar, parameters)
    expect(() => checkGradients(({ x }) => tf.sum(square(2.1)(x)) as tf.Scalar, parameters)).toThrow('gradient of x')
  })
})

describe('expectNoLeak', () => {
  it('catches a tensor that stays', async () => {
    await expectNoLeak(() => tf.tidy(() => void tf.square(tf.scalar(2))))
    await expect(expectNoLeak(() => void tf.scalar(1))).rejects.toThrow('tensors: ')
  })
})
