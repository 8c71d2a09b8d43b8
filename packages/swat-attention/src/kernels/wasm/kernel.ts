import { simdSupport, tf, uninitializedTensor, withHeapBytes } from '@swat-js/tensor-core'
import type { SwatAttentionGradients, SwatAttentionInputs, SwatAttentionKernel } from '../../op/contract.js'
import { attentionModule } from './attention-module.js'
import { inputTensors, type PassTensors, problemBytes, writeProblem } from './problem.js'

/** Largest head size the working memory is meant for. */
const largestHeadDim = 256

/**
 * WebAssembly SIMD on the memory of TensorFlow.js, without a copy. 64 queries of a head at a time meet the keys of
 * their windows, 64 keys at a time: weights never leave that tile, and the backward pass computes them again. Only
 * visible pairs are multiplied.
 */
export const kernel: SwatAttentionKernel = {
  name: 'wasm',

  supports(request) {
    const support = simdSupport(request)
    if (!support.supported) return support
    if (request.headDim > largestHeadDim) {
      return { supported: false, reason: `headDim ${request.headDim} is above its largest, ${largestHeadDim}` }
    }
    return support
  },

  forward(inputs) {
    const output = uninitializedTensor(inputs.queries.shape) as tf.Tensor4D
    run('forward', inputs, { output })
    return output
  },

  backward(inputs, outputGradient, wanted) {
    const gradients: SwatAttentionGradients = {
      queries: uninitializedTensor(inputs.queries.shape) as tf.Tensor4D,
      keys: tf.zeros(inputs.keys.shape),
      values: tf.zeros(inputs.values.shape),
      ...Object.fromEntries(wanted.map((name) => [name, tf.zerosLike(inputs[name] as tf.Tensor)])),
    }
    run('backward', inputs, {
      outputGradient,
      dQueries: gradients.queries,
      dKeys: gradients.keys,
      dValues: gradients.values,
      dSlopes: gradients.slopes,
      dBias: gradients.bias,
      dDistanceTable: gradients.distanceTable,
      dSinkLogits: gradients.sinkLogits,
    })
    return gradients
  },
}

function run(pass: 'forward' | 'backward', inputs: SwatAttentionInputs, tensors: PassTensors): void {
  const exports = attentionModule.exports()
  const all = { ...inputTensors(inputs), ...tensors }
  const [batchSize, , , headDim] = inputs.queries.shape
  const bytes = problemBytes(batchSize)
  withHeapBytes(bytes + exports.scratchBytes(headDim), (pointer) => {
    writeProblem(pointer, inputs, all)
    exports[pass](pointer, pointer + bytes)
  })
}
