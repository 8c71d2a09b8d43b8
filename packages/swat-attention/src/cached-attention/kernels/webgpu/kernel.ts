import { gpuInfo, runShader, supportedOn, type tf, uninitializedGpuTensor } from '@swat-js/tensor-core'
import type { AttentionTerm } from '../../../op/contract.js'
import type { CachedAttentionInputs, CachedAttentionKernel } from '../../contract.js'
import { attendShader, attendWorkgroupBytes } from './attend-shader.js'
import { mostSequences, problemUniforms, workgroupsFor } from './problem.js'
import { writeShader } from './write-shader.js'

/** Tensors that the attention binds besides the terms. */
const alwaysBound = ['queries', 'keys', 'values', 'pastKeys', 'pastValues'] as const
const termNames: readonly AttentionTerm[] = ['slopes', 'bias', 'distanceTable', 'sinkLogits']

/**
 * WGSL: one dispatch attends, a workgroup a query of a head; a second one writes the new keys and values in place.
 * Positions are uniforms, so that no token needs a shader of its own.
 */
export const kernel: CachedAttentionKernel = {
  name: 'webgpu',

  supports(request) {
    const onWebgpu = supportedOn(request, 'webgpu')
    if (!onWebgpu.supported) return onWebgpu
    const no = (reason: string) => ({ supported: false as const, reason })
    if (request.batchSize > mostSequences) {
      return no(`${request.batchSize} sequences are more than its uniform buffer holds, ${mostSequences}`)
    }
    const buffers = alwaysBound.length + request.terms.length + 1
    const { maxStorageBuffersPerShaderStage: most, maxComputeWorkgroupStorageSize: mostBytes } = gpuInfo().limits
    if (buffers > most) return no(`it needs ${buffers} storage buffers, and the device binds ${most} at most`)
    const bytes = attendWorkgroupBytes({ headDim: request.headDim, window: request.window ?? Infinity })
    if (bytes > mostBytes) return no(`it needs ${bytes} bytes of workgroup memory, the device has ${mostBytes}`)
    return onWebgpu
  },

  attend(inputs) {
    const { queries, keys, values, pastKeys, pastValues, window, activation } = inputs
    const [batchSize, length, heads, headDim] = queries.shape
    const terms = termNames.filter((name) => inputs[name])
    const output = uninitializedGpuTensor(queries.shape) as tf.Tensor4D
    const uniforms = problemUniforms(inputs)
    runShader({
      label: 'cachedAttention',
      source: attendShader({ batchSize, headDim, window, activation, terms }),
      inputs: [...alwaysBound, ...terms].map((name) => inputs[name as keyof CachedAttentionInputs] as tf.Tensor),
      outputs: [output],
      uniforms,
      workgroups: workgroupsFor(batchSize * length * heads),
    })
    runShader({
      label: 'cachedAttention: write',
      source: writeShader({ batchSize, rowSize: keys.shape[2] * headDim }),
      inputs: [keys, values],
      outputs: [pastKeys, pastValues],
      uniforms,
      workgroups: workgroupsFor(batchSize * length),
    })
    return { output, pastKeys, pastValues }
  },
}
