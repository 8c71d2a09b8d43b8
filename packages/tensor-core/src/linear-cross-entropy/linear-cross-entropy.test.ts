import { beforeAll, expect, it } from 'vitest'
import { crossEntropy } from '../cross-entropy/cross-entropy.js'
import { useEngine } from '../engines/use-engine.js'
import { valueAndGradients } from '../gradients/value-and-gradients.js'
import { linear } from '../linear/linear.js'
import { expectClose } from '../testing/expect-close.js'
import { expectNoLeak } from '../testing/expect-no-leak.js'
import { describeOn, kernelPairsOf } from '../testing/kernel-pairs.js'
import { randomTensor } from '../testing/output-and-gradients.js'
import { valuesOf } from '../testing/values-of.js'
import { tf } from '../tf.js'
import { kernels } from './kernels/index.js'
import { linearCrossEntropy } from './linear-cross-entropy.js'

const tensorOf = (shape: number[], seed: number) =>
  tf.tensor2d([...randomTensor(shape, seed).data], [shape[0], shape[1]])
const labelsOf = (labels: number[]) => tf.tensor1d(labels, 'int32')
const labels = [3, -100, 0, 8, 8, 1, -100]

for (const on of kernelPairsOf(kernels))
  describeOn(`linearCrossEntropy: kernel '${on.use}'`, on, ({ backend, use }) => {
    beforeAll(async () => {
      await useEngine({ backend })
    })

    it('is the two ops one after the other, with their gradients, times whatever follows', async () => {
      await expectNoLeak(async () => {
        type Tree = { x: tf.Tensor2D; weight: tf.Tensor2D }
        const tree = () => ({ x: tensorOf([7, 5], 1), weight: tensorOf([9, 5], 2) })
        const run = (loss: (tree: Tree) => tf.Scalar) =>
          valuesOf(() => {
            const { value, gradients } = valueAndGradients((tree: Tree) => tf.mul(loss(tree), 3) as tf.Scalar, tree())
            return { value, x: gradients.x, weight: gradients.weight }
          })
        const kernels = { use }
        const fused = await run(({ x, weight }) =>
          linearCrossEntropy(x, weight, labelsOf(labels), { chunkRows: 3, kernels }),
        )
        const parts = await run(({ x, weight }) =>
          crossEntropy(linear(x, weight, { kernels: { use: 'composite' } }), labelsOf(labels)),
        )
        for (const name of ['value', 'x', 'weight'] as const) {
          expectClose(fused[name].data, parts[name].data, { relative: 2e-6, name })
        }
      })
    })

    it('gives the loss alone where nothing is differentiated', async () => {
      await expectNoLeak(async () => {
        const loss = (chunkRows: number) =>
          valuesOf(() => ({
            loss: linearCrossEntropy(tensorOf([7, 5], 1), tensorOf([9, 5], 2), labelsOf(labels), {
              chunkRows,
              kernels: { use },
            }),
          }))
        expectClose((await loss(2)).loss.data, (await loss(7)).loss.data, { relative: 1e-6 })
      })
    })
  })

it('never holds the logits of more than a chunk', async () => {
  await useEngine({ backend: 'cpu' })
  const [rows, vocabSize, chunkRows] = [64, 500, 4]
  const sizes: number[] = []
  tf.tidy(() => {
    const backend = tf.backend()
    const { write } = backend as unknown as { write: (...args: [unknown, number[], string]) => object }
    Object.assign(backend, {
      write(...args: [unknown, number[], string]) {
        sizes.push(args[1].reduce((size, axis) => size * axis, 1))
        return write.apply(backend, args)
      },
    })
    try {
      const tree = { x: tensorOf([rows, 3], 1), weight: tensorOf([vocabSize, 3], 2) }
      const all = labelsOf(Array.from({ length: rows }, (_, i) => i))
      valueAndGradients(
        ({ x, weight }: typeof tree) =>
          linearCrossEntropy(x, weight, all, { chunkRows, kernels: { use: 'composite' } }),
        tree,
      )
    } finally {
      Object.assign(backend, { write })
    }
  })
  expect(Math.max(...sizes)).toBe(chunkRows * vocabSize)
})

it('refuses what does not fit', async () => {
  await useEngine({ backend: 'cpu' })
  const [x, weight] = [tensorOf([7, 5], 1), tensorOf([9, 5], 2)]
  expect(() => linearCrossEntropy(x, tensorOf([9, 4], 2), labelsOf(labels))).toThrow('linearCrossEntropy: weight')
  expect(() => linearCrossEntropy(x, weight, labelsOf([1]))).toThrow('linearCrossEntropy: labels')
  expect(() => linearCrossEntropy(x, weight, labelsOf(labels.map(() => 9)))).toThrow('label number 0 is 9')
  expect(() => linearCrossEntropy(x, weight, labelsOf(labels), { chunkRows: 0 })).toThrow(
    'chunkRows must be a positive integer, but is 0.',
  )
})
