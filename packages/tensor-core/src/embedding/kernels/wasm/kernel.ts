import { asFloat32 } from '../../../engines/wasm/as-float32.js'
import { heapPointer, uninitializedTensor } from '../../../engines/wasm/heap.js'
import { simdSupport } from '../../../engines/wasm/simd-support.js'
import { tf } from '../../../tf.js'
import type { EmbeddingKernel } from '../../contract.js'
import { embeddingModule } from './embedding-module.js'

/** WebAssembly: rows are copied, and gradients added in the order of the ids, so that every run gives the same sums. */
export const kernel: EmbeddingKernel = {
  name: 'wasm',
  supports: simdSupport,

  forward({ ids, weight }) {
    const hiddenSize = weight.shape[1]
    const output = uninitializedTensor([ids.size, hiddenSize]) as tf.Tensor2D
    const [at, from, to] = [ids, asFloat32(weight), output].map(heapPointer)
    embeddingModule.exports().forward(at, from, to, ids.size, hiddenSize)
    return output
  },

  backward({ ids, weight }, outputGradient) {
    const dWeight = tf.zeros(weight.shape) as tf.Tensor2D
    const [at, from, to] = [ids, asFloat32(outputGradient), dWeight].map(heapPointer)
    embeddingModule.exports().backward(at, from, to, ids.size, weight.shape[1])
    return { weight: dWeight }
  },
}
