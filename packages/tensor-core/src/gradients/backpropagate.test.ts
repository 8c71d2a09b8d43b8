import { beforeAll, expect, it } from 'vitest'
import { useEngine } from '../engines/use-engine.js'
import { expectNoLeak } from '../testing/expect-no-leak.js'
import { tf } from '../tf.js'
import { backpropagate } from './backpropagate.js'
import { isRecording } from './tape.js'
import { withGradient } from './with-gradient.js'

beforeAll(async () => {
  await useEngine({ backend: 'cpu' })
})

const valuesOf = (tensors: (tf.Tensor | null)[]) => tensors.map((tensor) => tensor && [...tensor.dataSync()])

it('gives null where the value does not depend on an input, and seeds with the given gradient', () => {
  const [x, y] = [tf.tensor1d([1, 2]), tf.tensor1d([3, 4])]
  const valueGradient = tf.tensor1d([10, 100])
  const { value, gradients } = backpropagate(() => tf.square(x), [x, y], { valueGradient })
  expect(valuesOf([value, ...gradients])).toEqual([[1, 4], [20, 400], null])
  expect(valueGradient.isDisposed).toBe(false)
})

it('adds up over uses, also where an op hands on the gradient it got and where an input is the value', () => {
  const [x, y] = [tf.tensor1d([1, 2]), tf.tensor1d([3, 4])]
  expect(valuesOf(backpropagate(() => tf.add(tf.add(x, x), tf.add(x, y)), [x, y]).gradients)).toEqual([
    [3, 3],
    [1, 1],
  ])
  expect(valuesOf(backpropagate(() => tf.mul(x, x), [x]).gradients)).toEqual([[2, 4]])
  expect(valuesOf(backpropagate(() => x, [x]).gradients)).toEqual([[1, 1]])
})

it('hands gradients over as soon as they are complete, the last used first, and takes what comes back', async () => {
  const [first, both, last] = [tf.scalar(2), tf.scalar(3), tf.scalar(5)]
  await expectNoLeak(() => {
    const order: number[] = []
    const { value, gradients } = backpropagate(
      () => tf.mul(tf.mul(tf.mul(first, both), last), both),
      [first, both, last],
      {
        onGradient: (gradient, index) => {
          order.push(index)
          const doubled = tf.mul(gradient, 2)
          gradient.dispose()
          return doubled
        },
      },
    )
    expect(order[0]).toBe(2)
    expect(valuesOf(gradients)).toEqual([[90], [120], [36]])
    tf.dispose([value, ...(gradients as tf.Tensor[])])
  })
})

it('leaks nothing when a gradient throws, and records anew afterwards', async () => {
  const x = tf.scalar(2)
  const failing = (x: tf.Tensor) =>
    withGradient(
      [x],
      ([x]) => tf.square(x),
      () => {
        throw new Error('backward')
      },
    )
  await expectNoLeak(() => {
    expect(() => backpropagate(() => tf.exp(failing(tf.exp(x))), [x])).toThrow('backward')
    expect(() => backpropagate(() => tf.floor(tf.softmax(tf.topk(tf.exp(tf.reshape(x, [1]))).values)), [x])).toThrow(
      'backpropagate: TensorFlow.js has no gradient for TopK.',
    )
  })
  expect(valuesOf(backpropagate(() => tf.square(x), [x]).gradients)).toEqual([[4]])
})

it('computes no gradients for constants', () => {
  const x = tf.scalar(2)
  const asked: string[] = []
  const spy = (name: string) => (tensor: tf.Tensor) =>
    withGradient(
      [tensor],
      ([tensor]) => tf.mul(tensor, 3),
      (gradient) => {
        asked.push(name)
        return [tf.mul(gradient, 3)]
      },
    )
  backpropagate(() => tf.mul(spy('input')(x), spy('constant')(tf.scalar(4))), [x])
  expect(asked).toEqual(['input'])
})

it('tells whether ops are recorded', () => {
  const seen: boolean[] = []
  backpropagate(() => {
    seen.push(isRecording())
    return tf.scalar(1)
  }, [tf.scalar(1)])
  expect([...seen, isRecording()]).toEqual([true, false])
})
