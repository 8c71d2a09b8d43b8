import { beforeAll, describe, expect, it } from 'vitest'
import { useEngine } from '../engines/use-engine.js'
import { expectNoLeak } from '../testing/expect-no-leak.js'
import { describeOn, everyEngine } from '../testing/kernel-pairs.js'
import { tf } from '../tf.js'
import { valueAndGradients } from './value-and-gradients.js'
import { withGradient } from './with-gradient.js'

for (const on of everyEngine)
  describeOn('valueAndGradients', on, ({ backend }) => {
    beforeAll(async () => {
      await useEngine({ backend })
    })

    it('differentiates with respect to every tensor of a nested record', async () => {
      const parameters = { a: { weight: tf.tensor1d([1, 2]) }, layers: [{ b: tf.scalar(3) }] }
      const { value, gradients } = valueAndGradients(
        ({ a, layers }) => tf.sum(tf.mul(tf.square(a.weight), layers[0].b)) as tf.Scalar,
        parameters,
      )
      expect((await value.data())[0]).toBe(15)
      expect([...(await gradients.a.weight.data())]).toEqual([6, 12])
      expect([...(await gradients.layers[0].b.data())]).toEqual([5])
    })

    it('names the parameters that the value does not depend on', async () => {
      const parameters = { used: tf.scalar(1), idle: tf.scalar(2) }
      await expectNoLeak(() => {
        expect(() => valueAndGradients(({ used }) => tf.square(used) as tf.Scalar, parameters)).toThrow(
          'the value does not depend on idle',
        )
      })
    })

    it('leaks nothing and keeps working when the function throws (TensorFlow.js leaves the tape behind)', async () => {
      const parameters = { x: tf.tensor1d([1, 2]) }
      await expectNoLeak(() => {
        const failing = ({ x }: typeof parameters) => {
          tf.exp(tf.square(x))
          throw new Error('inside')
        }
        expect(() => valueAndGradients(failing, parameters)).toThrow('inside')
      })
      const { gradients } = valueAndGradients(({ x }) => tf.sum(tf.square(x)) as tf.Scalar, parameters)
      expect([...(await gradients.x.data())]).toEqual([2, 4])
    })

    it('keeps no tensor beyond value and gradients', async () => {
      const parameters = { x: tf.tensor1d([1, 2]) }
      await expectNoLeak(() => {
        const { value, gradients } = valueAndGradients(({ x }) => tf.sum(tf.exp(tf.square(x))) as tf.Scalar, parameters)
        tf.dispose([value, gradients.x])
      })
    })
  })

describe('withGradient', () => {
  beforeAll(async () => {
    await useEngine({ backend: 'cpu' })
  })

  const cube = (x: tf.Tensor, inside: (x: tf.Tensor) => tf.Tensor = (x) => x) =>
    withGradient(
      [x],
      ([x]) => ({ output: tf.mul(x, tf.square(x)), saved: [tf.square(x)] }),
      (outputGradient, [x], [square]) => [tf.mul(inside(x), tf.mul(outputGradient, tf.mul(3, tf.div(square, x))))],
    )

  it('uses the given backward function and what was saved for it', () => {
    const { gradients } = valueAndGradients(({ x }) => tf.sum(cube(x)) as tf.Scalar, { x: tf.tensor1d([1, 2]) })
    expect([...gradients.x.dataSync()]).toEqual([3, 12])
  })

  it('allows differentiation inside the backward function (TensorFlow.js loses the outer tape there)', () => {
    const derivativeOfHalfSquare = (x: tf.Tensor) => tf.grad((x: tf.Tensor) => tf.div(tf.square(x), 2))(x)
    const parameters = { x: tf.tensor1d([1, 2]) }
    const { gradients } = valueAndGradients(
      ({ x }) => tf.sum(cube(tf.mul(x, 1), derivativeOfHalfSquare)) as tf.Scalar,
      parameters,
    )
    expect([...gradients.x.dataSync()]).toEqual([3, 12])
  })
})
