import { beforeAll, expect, it } from 'vitest'
import { useEngine } from '../engines/use-engine.js'
import { valueAndGradients } from '../gradients/value-and-gradients.js'
import { createRandom } from '../random/create-random.js'
import { expectNoLeak } from '../testing/expect-no-leak.js'
import { describeOn, kernelPairsOf } from '../testing/kernel-pairs.js'
import { valuesOf } from '../testing/values-of.js'
import { tf } from '../tf.js'
import { embedding } from './embedding.js'
import { kernels } from './kernels/index.js'

for (const on of kernelPairsOf(kernels))
  describeOn(`embedding: kernel '${on.use}'`, on, ({ backend, use }) => {
    beforeAll(async () => {
      await useEngine({ backend })
    })

    it('looks rows up and adds the gradients of an id that occurs twice', async () => {
      await expectNoLeak(async () => {
        const { output, gradient } = await valuesOf(() => {
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
          return { output, gradient: gradients.weight }
        })
        expect(output).toEqual({ shape: [2, 2, 2], data: [5, 6, 1, 2, 5, 6, 5, 6] })
        expect(gradient).toEqual({ shape: [3, 2], data: [2, 20, 0, 0, 8, 80] })
      })
    })

    it('gives its gradient also when the ids are gone by then', async () => {
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
      expect([...(await gradients.weight.data())]).toEqual([0, 2])
    })

    it('refuses ids outside the table and ids that are not int32', () => {
      const weight = tf.zeros([3, 2]) as tf.Tensor2D
      expect(() => embedding(tf.tensor1d([0, 3], 'int32'), weight)).toThrow(
        'ids must be in 0 … 2, but id number 1 is 3',
      )
      expect(() => embedding(tf.tensor1d([-1], 'int32'), weight)).toThrow('id number 0 is -1')
      expect(() => embedding(tf.tensor1d([0, 1]), weight)).toThrow('embedding: ids must be int32, but are float32')
    })
  })

describeOn('embedding with ids that the GPU computed', { backend: 'webgpu' }, () => {
  const weight = () => tf.tensor2d([1, 2, 3, 4, 5, 6], [3, 2])
  const onGpu = (ids: number[]) => tf.add(tf.tensor1d(ids, 'int32'), tf.scalar(0, 'int32'))

  beforeAll(async () => {
    await useEngine({ backend: 'webgpu' })
  })

  it('looks rows up; those of ids outside the table are NaN, as reading ids back would make the GPU wait', async () => {
    const { output } = await valuesOf(() => ({ output: embedding(onGpu([2, 3, 0, -1]), weight()) }))
    expect(output.data).toEqual([5, 6, NaN, NaN, 1, 2, NaN, NaN])
  })

  it('adds the gradients of an id that occurs twice', async () => {
    const { gradient } = await valuesOf(() => {
      const ids = onGpu([2, 0, 2])
      const loss = ({ table }: { table: tf.Tensor2D }) => tf.sum(embedding(ids, table)) as tf.Scalar
      return { gradient: valueAndGradients(loss, { table: weight() }).gradients.table }
    })
    expect(gradient.data).toEqual([1, 1, 0, 0, 2, 2])
  })

  it('adds the gradients of an id in the order of its rows: the same bits every time', async () => {
    const [rows, vocabSize, size] = [300, 5, 3]
    const random = createRandom(7)
    const ids = Int32Array.from({ length: rows }, () => random.integer(vocabSize - 1))
    const outputGradient = Float32Array.from({ length: rows * size }, () => random.normal())
    const expected = new Float32Array(vocabSize * size)
    for (const [i, value] of outputGradient.entries()) expected[ids[Math.floor(i / size)] * size + (i % size)] += value
    const { gradient } = await valuesOf(() => {
      const loss = ({ table }: { table: tf.Tensor2D }) => {
        const found = embedding(onGpu([...ids]), table, { kernels: { use: 'webgpu' } })
        return tf.sum(tf.mul(found, tf.tensor2d(outputGradient, [rows, size]))) as tf.Scalar
      }
      return {
        gradient: valueAndGradients(loss, { table: tf.zeros([vocabSize, size]) as tf.Tensor2D }).gradients.table,
      }
    })
    expect(gradient.data).toEqual([...expected])
  })

  it('still checks ids of the host after the GPU has used them', async () => {
    const ids = tf.tensor1d([1, 2], 'int32')
    await valuesOf(() => ({ output: embedding(ids, weight()) }))
    expect(() => embedding(ids, tf.zeros([2, 2]))).toThrow('ids must be in 0 … 1, but id number 1 is 2')
  })
})
