import { simdSupport, type tf, uninitializedTensor, withHeapBytes } from '@swat-js/tensor-core'
import type { CachedAttentionKernel } from '../../contract.js'
import { cachedAttentionModule } from './cached-attention-module.js'
import { problemBytes, writeProblem } from './problem.js'

/**
 * WebAssembly SIMD on the memory of TensorFlow.js, without a copy. Each query of each head goes once over the keys that
 * it sees, where they lie in the past and among the new tokens, up to 256 at a time. New keys are written in place.
 */
export const kernel: CachedAttentionKernel = {
  name: 'wasm',
  supports: simdSupport,

  attend(inputs) {
    const { queries, pastKeys, pastValues } = inputs
    const { attend, scratchBytes } = cachedAttentionModule.exports()
    const output = uninitializedTensor(queries.shape) as tf.Tensor4D
    const bytes = problemBytes(inputs)
    withHeapBytes(bytes + scratchBytes(queries.shape[3]), (pointer) => {
      writeProblem(pointer, inputs, output)
      attend(pointer, pointer + bytes)
    })
    return { output, pastKeys, pastValues }
  },
}
