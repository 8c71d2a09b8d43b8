import { asFloat32 } from '../../../engines/wasm/as-float32.js'
import { heapMemory, heapPointer, heapView, uninitializedTensor, withHeapBytes } from '../../../engines/wasm/heap.js'
import { simdSupport } from '../../../engines/wasm/simd-support.js'
import { tf } from '../../../tf.js'
import type { CrossEntropyKernel } from '../../contract.js'
import { crossEntropyModule } from './cross-entropy-module.js'

/** WebAssembly SIMD: no softmax and no one-hot rows are kept; logarithms and the mean are taken in double precision. */
export const kernel: CrossEntropyKernel = {
  name: 'wasm',
  supports: simdSupport,

  forward({ logits, labels, rowWeights }) {
    const [rows, vocabSize] = logits.shape
    const [from, ids, weights] = [asFloat32(logits), labels, rowWeights].map(heapPointer)
    const loss = withHeapBytes(16 * rows, (pointer) => {
      crossEntropyModule.run('forward', {
        ...rowsOf(logits),
        argumentsFor: (first, count) => [
          from + 4 * first * vocabSize,
          ids + 4 * first,
          weights + 4 * first,
          pointer + 16 * first,
          count,
          vocabSize,
        ],
      })
      return weightedSum(heapView(rowWeights), new Float64Array(heapMemory().buffer, pointer, 2 * rows))
    })
    return tf.scalar(loss)
  },

  backward({ logits, labels, rowWeights }, outputGradient) {
    const [rows, vocabSize] = logits.shape
    const dLogits = uninitializedTensor([rows, vocabSize]) as tf.Tensor2D
    const [from, ids, weights, to] = [asFloat32(logits), labels, rowWeights, dLogits].map(heapPointer)
    const [factor] = outputGradient.dataSync()
    crossEntropyModule.run('backward', {
      ...rowsOf(logits),
      argumentsFor: (first, count) => [
        from + 4 * first * vocabSize,
        ids + 4 * first,
        weights + 4 * first,
        to + 4 * first * vocabSize,
        count,
        vocabSize,
        factor,
      ],
    })
    return { logits: dLogits }
  },
}

/** Rows do not depend on each other. */
const rowsOf = ({ shape: [rows, vocabSize] }: tf.Tensor2D) => ({ items: rows, grain: Math.ceil(8192 / vocabSize) })

/** @param terms - largest logit − logit of the label, and Σ e^(logit − largest), of each row that is scored */
function weightedSum(rowWeights: Float32Array, terms: Float64Array): number {
  let loss = 0
  for (const [row, weight] of rowWeights.entries()) {
    if (weight !== 0) loss += weight * (terms[2 * row] + Math.log(terms[2 * row + 1]))
  }
  return loss
}
