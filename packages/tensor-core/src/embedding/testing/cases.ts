import { createRandom } from '../../random/create-random.js'
import { tf } from '../../tf.js'
import { randomTensor, type OpCase } from '../../testing/output-and-gradients.js'
import { embedding } from '../embedding.js'

const sizes: readonly { ids: number[]; vocabSize: number; hiddenSize: number }[] = [
  { ids: [1], vocabSize: 1, hiddenSize: 1 },
  { ids: [7], vocabSize: 65, hiddenSize: 7 },
  { ids: [2, 64], vocabSize: 7, hiddenSize: 65 }, // every id many times
  { ids: [3, 2, 5], vocabSize: 64, hiddenSize: 1 },
  { ids: [], vocabSize: 5, hiddenSize: 3 },
  { ids: [300], vocabSize: 1030, hiddenSize: 12 },
  { ids: [1030], vocabSize: 3, hiddenSize: 8 },
]

/** Calls of `embedding`: ids of every rank, repeated ids, ids that do not occur. */
export const cases: readonly OpCase[] = sizes.map(({ ids, vocabSize, hiddenSize }, i) => ({
  name: `ids [${ids.join(', ')}], table [${vocabSize}, ${hiddenSize}]`,
  inputs: { weight: randomTensor([vocabSize, hiddenSize], 50 + i) },
  run: ({ weight }, kernels) => {
    const random = createRandom(60 + i)
    const count = ids.reduce((product, axis) => product * axis, 1)
    const values = Int32Array.from({ length: count }, () => random.integer(vocabSize))
    return embedding(tf.tensor(values, ids, 'int32'), weight as tf.Tensor2D, { kernels })
  },
}))
