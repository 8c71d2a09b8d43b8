import { beforeAll, expect, it } from 'vitest'
import { useEngine } from '../../../engines/use-engine.js'
import { heapMemory } from '../../../engines/wasm/heap.js'
import { expectClose } from '../../../testing/expect-close.js'
import { tf } from '../../../tf.js'
import { crossEntropy } from '../../cross-entropy.js'

beforeAll(async () => {
  await useEngine({ backend: 'wasm' })
})

const run = (logits: tf.Tensor, labels: number[]) =>
  crossEntropy(logits as tf.Tensor2D, tf.tensor1d(labels, 'int32'), { kernels: { use: 'wasm' } })

it('never looks at a row that is not scored', () => {
  const logits = tf.tensor2d([1, 2, 3, NaN, NaN, NaN, 0, 0, 0], [3, 3])
  expectClose(
    [run(logits, [2, -100, 0]).dataSync()[0]],
    [(Math.log(1 + Math.exp(-1) + Math.exp(-2)) + Math.log(3)) / 2],
  )
  const gradient = tf
    .grad((logits) => run(logits, [2, -100, 0]))(logits)
    .dataSync()
  expect([...gradient.slice(3, 6)]).toEqual([0, 0, 0])
  expect(gradient.every(Number.isFinite)).toBe(true)
})

it('is NaN where a scored row holds NaN, and only that row of the gradient is', () => {
  const logits = tf.tensor2d([1, 2, 3, 0, 0, 1, NaN, 0, 0, 0], [2, 5])
  expect(run(logits, [0, 0]).dataSync()[0]).toBeNaN()
  const gradient = tf
    .grad((logits) => run(logits, [0, 0]))(logits)
    .dataSync()
  expect([...gradient].map(Number.isNaN)).toEqual([...Array(5).fill(false), ...Array(5).fill(true)])
})

it('gives its working memory back', () => {
  const logits = tf.zeros([3000, 7])
  const labels = Array<number>(3000).fill(1)
  const once = () => tf.tidy(() => void run(logits, labels))
  once()
  const bytes = heapMemory().buffer.byteLength
  for (let i = 0; i < 100; i++) once()
  expect(heapMemory().buffer.byteLength).toBe(bytes)
})
