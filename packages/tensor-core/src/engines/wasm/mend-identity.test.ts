import { beforeAll, expect, it } from 'vitest'
import { expectNoLeak } from '../../testing/expect-no-leak.js'
import { tf } from '../../tf.js'
import { useEngine } from '../use-engine.js'
import { heapPointer } from './heap.js'

beforeAll(async () => {
  await useEngine({ backend: 'wasm' })
  await useEngine({ backend: 'wasm' }) // a second start must not mend what is mended
})

it('shares the numbers of a clone, until both are gone', async () => {
  await expectNoLeak(() => {
    const tensor = tf.tensor1d([1, 2, 3])
    const clone = tf.clone(tensor)
    expect(heapPointer(clone)).toBe(heapPointer(tensor))
    tensor.dispose()
    expect([...clone.dataSync()]).toEqual([1, 2, 3])
    clone.dispose()
  })
})

it('keeps what the backward pass needs without a copy of it', () => {
  const buffers: number[] = []
  const weight = tf.ones([100])
  const observed = tf.customGrad((x, save) => {
    const before = tf.memory().numDataBuffers
    ;(save as (tensors: tf.Tensor[]) => void)([x as tf.Tensor])
    buffers.push(tf.memory().numDataBuffers - before)
    return { value: tf.square(x as tf.Tensor), gradFunc: (dy: tf.Tensor) => dy }
  })
  tf.grad((x) => observed(x))(weight)
  expect(buffers).toEqual([0])
})

it('clones strings', () => {
  expect(tf.clone(tf.tensor1d(['a', 'b'])).dataSync()).toEqual(['a', 'b'])
})
