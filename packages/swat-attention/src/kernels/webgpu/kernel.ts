import { gpuInfo, rememberOnDevice, runShader, supportedOn, tf, uninitializedGpuTensor } from '@swat-js/tensor-core'
import type {
  AttentionTerm,
  SwatAttentionGradients,
  SwatAttentionInputs,
  SwatAttentionKernel,
} from '../../op/contract.js'
import { arithmeticFor } from './choose-arithmetic.js'
import type { PassName, PassSettings } from './pass.js'
import { boundTensors, ownPositions, problemUniforms } from './problem.js'
import { attentionShader, partPlaces, termOrder } from './shader.js'

/** Largest head whose sums fit in a thread's registers. */
const largestHeadDim = 256

/** Most workgroups along one axis of a dispatch. */
const mostWorkgroups = 65535

/**
 * WGSL. A workgroup keeps a tile of queries and meets the keys of their band tile by tile; the gradients of the keys go
 * the other way round, so that nothing is added up across workgroups. Scores never leave a workgroup, and the backward
 * pass computes them again. `mixed` multiplies f16 on subgroup matrices where the device has them.
 */
export const kernel: SwatAttentionKernel = {
  name: 'webgpu',

  supports(request) {
    const onWebgpu = supportedOn(request, 'webgpu')
    if (!onWebgpu.supported) return onWebgpu
    const { headDim, terms, heads, batchSize, segments, activation } = request
    const no = (reason: string) => ({ supported: false as const, reason })
    if (headDim > largestHeadDim) return no(`headDim ${headDim} is above its largest, ${largestHeadDim}`)
    if (heads > mostWorkgroups || batchSize > mostWorkgroups) {
      return no(`${heads} heads and ${batchSize} sequences are more than a dispatch holds, ${mostWorkgroups} each`)
    }
    const integers = segments || batchSize > 1
    const optional = [integers, activation === 'softmax', terms.length > 0, terms.length > 0].filter(Boolean).length
    const buffers = 5 + optional // of the gradient pass, which binds most
    const { maxStorageBuffersPerShaderStage: most } = gpuInfo().limits
    if (buffers > most) return no(`it needs up to ${buffers} storage buffers, and the device binds ${most} at most`)
    return onWebgpu
  },

  forward(inputs) {
    const output = uninitializedGpuTensor(inputs.queries.shape) as tf.Tensor4D
    run('output', inputs, { output })
    return output
  },

  backward(inputs, outputGradient, wanted) {
    const { queries, keys, values, activation } = inputs
    const [batchSize, queryCount, heads] = queries.shape
    const gradients: SwatAttentionGradients = {
      queries: uninitializedGpuTensor(queries.shape) as tf.Tensor4D,
      keys: uninitializedGpuTensor(keys.shape) as tf.Tensor4D,
      values: uninitializedGpuTensor(values.shape) as tf.Tensor4D,
    }
    const statistics = // log-sum-exp and Σ p · dP of each row of a softmax
      activation === 'softmax' ? uninitializedGpuTensor([batchSize, heads, queryCount, 2]) : null
    const tiles = Math.ceil(queryCount / arithmeticFor('queryGradient', inputs).shape.rows)
    const parts = // of the terms' gradients, one row a tile
      wanted.length > 0 ? uninitializedGpuTensor([batchSize, heads, tiles, partsLength(inputs, wanted)]) : null
    run('queryGradient', inputs, { outputGradient, queryGradient: gradients.queries, statistics, parts }, wanted)
    run('keyGradient', inputs, {
      outputGradient,
      keyGradient: gradients.keys,
      valueGradient: gradients.values,
      statistics,
    })
    if (parts) {
      const totals = tf.sum(parts, [0, 2]) as tf.Tensor2D // [heads, partsLength]
      for (const name of wanted) {
        const { shape } = inputs[name] as tf.Tensor
        gradients[name] = tf.reshape(tf.slice(totals, [0, partPlaces[name]], [heads, shape[1] ?? 1]), shape)
      }
    }
    return gradients
  },
}

function partsLength({ distanceTable }: SwatAttentionInputs, wanted: readonly AttentionTerm[]): number {
  return partPlaces.distanceTable + (wanted.includes('distanceTable') ? distanceTable!.shape[1] : 0)
}

function run(
  pass: PassName,
  inputs: SwatAttentionInputs,
  given: Record<string, tf.Tensor | null>,
  wanted: readonly AttentionTerm[] = [],
): void {
  const arithmetic = arithmeticFor(pass, inputs)
  const tensors: Record<string, tf.Tensor | null> = { ...boundTensors(inputs), ...given }
  const [batchSize, queryCount, heads, headDim] = inputs.queries.shape
  const [, keyCount, kvHeads] = inputs.keys.shape
  const byKey = pass === 'keyGradient'
  const settings: PassSettings = {
    pass,
    headDim,
    activation: inputs.activation,
    terms: termOrder.filter((name) => inputs[name] !== null),
    wanted,
    windowed: problemUniforms.windowed(inputs),
    sinks: inputs.sinks > 0,
    segments: inputs.querySegments !== null,
    ownPositions: ownPositions(inputs),
  }
  const key = `swatAttention shader ${inputs.precision} ${JSON.stringify(settings)}`
  const shader = rememberOnDevice(key, () => attentionShader(settings, arithmetic))
  const tensor = (name: string) => {
    const found = tensors[name]
    if (!found) throw new Error(`swatAttention: the webgpu kernel binds ${name}, which was not given.`)
    return found
  }
  const tiles = Math.ceil((byKey ? keyCount : queryCount) / arithmetic.shape.rows)
  runShader({
    label: `swatAttention ${pass}`,
    source: shader.source,
    inputs: shader.inputs.map(tensor),
    outputs: shader.outputs.map(tensor),
    uniforms: problemUniforms.write(inputs, tiles, partsLength(inputs, wanted)),
    workgroups: [tiles, byKey ? kvHeads : heads, batchSize],
  })
}
