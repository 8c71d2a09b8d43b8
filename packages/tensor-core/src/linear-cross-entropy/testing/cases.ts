import { createRandom } from '../../random/create-random.js'
import { tf } from '../../tf.js'
import { randomTensor, type OpCase } from '../../testing/output-and-gradients.js'
import { linearCrossEntropy } from '../linear-cross-entropy.js'

interface Size {
  rows: number
  inputSize: number
  vocabSize: number
  chunkRows?: number
  ignoreEvery?: number
  scale?: number
}

const sizes: readonly Size[] = [
  { rows: 1, inputSize: 1, vocabSize: 1 },
  { rows: 1, inputSize: 7, vocabSize: 5 },
  { rows: 7, inputSize: 8, vocabSize: 65, chunkRows: 3, ignoreEvery: 3 },
  { rows: 64, inputSize: 16, vocabSize: 33, chunkRows: 16 },
  { rows: 65, inputSize: 16, vocabSize: 64, chunkRows: 64, ignoreEvery: 8 },
  { rows: 66, inputSize: 12, vocabSize: 130, chunkRows: 1000 },
  { rows: 20, inputSize: 24, vocabSize: 40, chunkRows: 7, scale: 4 }, // logits of some twenty
  { rows: 9, inputSize: 4, vocabSize: 6, chunkRows: 3, ignoreEvery: 2 },
]

/** Calls of `linearCrossEntropy`: odd sizes, chunks that do and do not divide the rows, ignored rows. */
export const cases: readonly OpCase[] = sizes.map((size, i) => {
  const { rows, inputSize, vocabSize, chunkRows, ignoreEvery = Infinity, scale = 1 } = size
  return {
    name: `${rows} rows of ${inputSize}, ${vocabSize} classes, chunks of ${chunkRows ?? 'all'}`,
    inputs: {
      x: randomTensor([rows, inputSize], 310 + i),
      weight: randomTensor([vocabSize, inputSize], 320 + i, scale),
    },
    run: ({ x, weight }, kernels) => {
      const random = createRandom(330 + i)
      const label = (row: number) => ((row + 1) % ignoreEvery === 0 ? -100 : random.integer(vocabSize))
      const labels = tf.tensor1d(
        Int32Array.from({ length: rows }, (_, row) => label(row)),
        'int32',
      )
      return linearCrossEntropy(x as tf.Tensor2D, weight as tf.Tensor2D, labels, { chunkRows, kernels })
    },
  }
})
