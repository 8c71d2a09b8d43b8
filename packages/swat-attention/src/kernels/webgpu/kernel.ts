import { gpuInfo, rememberOnDevice, runShader, supportedOn, tf, uninitializedGpuTensor } from '@swat-js/tensor-core'
import type {
  AttentionTerm,
  SwatAttentionGradients,
  SwatAttentionInputs,
  SwatAttentionKernel,
} from '../../op/contract.js'
import { arithmeticFor } from './choose-arithmetic.js'
import { largestMagnitude } from './largest-magnitude.js'
import type { PassName, PassSettings } from './pass.js'
import { boundTensors, far, ownPositions, problemUniforms } from './problem.js'
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
    const { headDim, terms, heads, kvHeads, batchSize, segments, activation, queries, keys, reach, precision } = request
    const no = (reason: string) => ({ supported: false as const, reason })
    if (headDim > largestHeadDim) return no(`headDim ${headDim} is above its largest, ${largestHeadDim}`)
    if (reach >= far) return no(`queries stand up to ${reach} after keys, and it counts distances below ${far}`)
    const { limits } = gpuInfo()
    const passes = (['output', 'queryGradient', 'keyGradient'] as const).map((pass) =>
      arithmeticFor(pass, headDim, precision),
    )
    const bytes = Math.max(...passes.map(({ shape }) => shape.workgroupBytes))
    if (bytes > limits.maxComputeWorkgroupStorageSize) {
      return no(`it needs ${bytes} bytes of workgroup memory, the device has ${limits.maxComputeWorkgroupStorageSize}`)
    }
    const tiles = Math.ceil(Math.max(queries, keys) / Math.min(...passes.map(({ shape }) => shape.rows)))
    if (Math.max(tiles, heads, batchSize) > mostWorkgroups) {
      return no(
        `${tiles} tiles, ${heads} heads or ${batchSize} sequences are more than a dispatch holds, ${mostWorkgroups}`,
      )
    }
    const largest = 4 * batchSize * headDim * Math.max(queries * heads, keys * kvHeads)
    if (largest > limits.maxStorageBufferBindingSize) {
      return no(`a tensor of ${largest} bytes is more than the device binds, ${limits.maxStorageBufferBindingSize}`)
    }
    const [ofTerms, ofIntegers, ofRows, ofScale] = [
      terms.length > 0,
      segments || batchSize > 1,
      activation === 'softmax',
      passes.some(({ scalesGradients }) => scalesGradients),
    ].map(Number)
    const buffers = Math.max(5 + 2 * ofTerms, 6 + ofTerms) + ofIntegers + ofRows + ofScale // the gradients bind most
    const { maxStorageBuffersPerShaderStage: most } = limits
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
    const arithmetic = arithmeticFor('queryGradient', queries.shape[3], inputs.precision)
    const tiles = Math.ceil(queryCount / arithmetic.shape.rows)
    const largestGradient = arithmetic.scalesGradients ? largestMagnitude(outputGradient) : null
    const parts = // of the terms' gradients, one row a tile
      wanted.length > 0 ? uninitializedGpuTensor([batchSize, heads, tiles, partsLength(inputs, wanted)]) : null
    run(
      'queryGradient',
      inputs,
      { outputGradient, largestGradient, queryGradient: gradients.queries, statistics, parts },
      wanted,
    )
    run('keyGradient', inputs, {
      outputGradient,
      largestGradient,
      keyGradient: gradients.keys,
      valueGradient: gradients.values,
      statistics,
    })
    if (parts) {
      const totals = tf.sum(parts, [0, 2]) as tf.Tensor2D // [heads, partsLength]
      for (const name of wanted) {
        const { shape } = inputs[name] as tf.Tensor
        const size = name === 'distanceTable' ? tableColumns(inputs) : 1
        const total = tf.slice(totals, [0, partPlaces[name]], [heads, size])
        const unseen = (shape[1] ?? 1) - size
        gradients[name] = tf.reshape(unseen > 0 ? tf.concat([total, tf.zeros([heads, unseen])], 1) : total, shape)
      }
    }
    return gradients
  },
}

/** Length of a row of `parts`. */
function partsLength(inputs: SwatAttentionInputs, wanted: readonly AttentionTerm[]): number {
  return partPlaces.distanceTable + (wanted.includes('distanceTable') ? tableColumns(inputs) : 0)
}

/** How many distances of the table a pair can have. */
function tableColumns({ distanceTable, window, sinks }: SwatAttentionInputs): number {
  const tableLength = distanceTable!.shape[1]
  return window === null || sinks > 0 ? tableLength : Math.min(tableLength, window)
}

function run(
  pass: PassName,
  inputs: SwatAttentionInputs,
  given: Record<string, tf.Tensor | null>,
  wanted: readonly AttentionTerm[] = [],
): void {
  const arithmetic = arithmeticFor(pass, inputs.queries.shape[3], inputs.precision)
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
