import { simdSupport, tf, uninitializedTensor, withHeapBytes } from '@swat-js/tensor-core'
import type { SwatAttentionGradients, SwatAttentionInputs, SwatAttentionKernel } from '../../op/contract.js'
import { attentionModule } from './attention-module.js'
import { inputTensors, type PassTensors, problemBytes, writeProblem } from './problem.js'

/** Largest head size the working memory is meant for. */
const largestHeadDim = 256

/** Multiplications of a pass that are worth a thread's while. */
const worthwhile = 2 ** 17

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
    const [batchSize] = inputs.queries.shape
    const gradients = {
      queries: uninitializedTensor(inputs.queries.shape) as tf.Tensor4D,
      keys: tf.zeros(inputs.keys.shape) as tf.Tensor4D,
      values: tf.zeros(inputs.values.shape) as tf.Tensor4D,
    }
    const ofSequences: Partial<Record<(typeof wanted)[number], tf.Tensor>> = Object.fromEntries(
      wanted.map((name) => [name, tf.zeros([batchSize, ...(inputs[name] as tf.Tensor).shape])]),
    )
    run('backward', inputs, {
      outputGradient,
      dQueries: gradients.queries,
      dKeys: gradients.keys,
      dValues: gradients.values,
      dSlopes: ofSequences.slopes,
      dBias: ofSequences.bias,
      dDistanceTable: ofSequences.distanceTable,
      dSinkLogits: ofSequences.sinkLogits,
    })
    const sums = Object.entries(ofSequences).map(([name, tensor]) => [name, tf.sum(tensor, 0)])
    return { ...gradients, ...(Object.fromEntries(sums) as Partial<SwatAttentionGradients>) }
  },
}

function run(pass: 'forward' | 'backward', inputs: SwatAttentionInputs, tensors: PassTensors): void {
  const all = { ...inputTensors(inputs), ...tensors }
  const { queries, keys, window } = inputs
  const [batchSize, queryCount, heads, headDim] = queries.shape
  const [, keyCount, kvHeads] = keys.shape
  const items = batchSize * (pass === 'forward' ? heads : kvHeads)
  const pairs = batchSize * heads * queryCount * Math.min(window ?? keyCount, keyCount)
  withHeapBytes(problemBytes(batchSize), (pointer) => {
    writeProblem(pointer, inputs, all)
    attentionModule.run(pass, {
      items,
      grain: Math.ceil((worthwhile * items) / (pairs * headDim)),
      scratchBytes: attentionModule.exports().scratchBytes(headDim),
      argumentsFor: (first, count) => [pointer, first, count],
    })
  })
}
