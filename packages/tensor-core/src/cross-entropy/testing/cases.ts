import { createRandom } from '../../random/create-random.js'
import { tf } from '../../tf.js'
import { randomTensor, type OpCase } from '../../testing/output-and-gradients.js'
import { crossEntropy } from '../cross-entropy.js'

const sizes: readonly { rows: number; vocabSize: number; scale: number; ignoreEvery?: number }[] = [
  { rows: 1, vocabSize: 1, scale: 1 },
  { rows: 1, vocabSize: 7, scale: 1 },
  { rows: 7, vocabSize: 65, scale: 3, ignoreEvery: 3 },
  { rows: 64, vocabSize: 64, scale: 1, ignoreEvery: 8 },
  { rows: 65, vocabSize: 7, scale: 60 }, // labels whose probability is 0 in float32
  { rows: 2, vocabSize: 5000, scale: 1 },
  { rows: 300, vocabSize: 12, scale: 3, ignoreEvery: 2 },
  { rows: 3, vocabSize: 1030, scale: 20 },
]

/** Calls of `crossEntropy`: odd sizes, ignored rows, logits far apart. */
export const cases: readonly OpCase[] = sizes.map(({ rows, vocabSize, scale, ignoreEvery = Infinity }, i) => ({
  name: `${rows} rows of ${vocabSize}, logits of size ${scale}, every ${ignoreEvery}th ignored`,
  inputs: { logits: randomTensor([rows, vocabSize], 70 + i, scale) },
  run: ({ logits }, kernels) => {
    const random = createRandom(80 + i)
    const label = (row: number) => ((row + 1) % ignoreEvery === 0 ? -100 : random.integer(vocabSize))
    const labels = tf.tensor1d(
      Int32Array.from({ length: rows }, (_, row) => label(row)),
      'int32',
    )
    return crossEntropy(logits as tf.Tensor2D, labels, { kernels })
  },
}))
