import { SwatError } from '../../swat-error.js'
import type { tf } from '../../tf.js'
import { gpuBackend } from './active-backend.js'
import { mostUniformBytes } from './uniform-slots.js'

/** One dispatch of a shader, for {@link runShader}. */
export interface ShaderRun {
  /** Name of the shader in errors and timings. */
  label: string
  /** WGSL with the entry point `main`. */
  source: string
  /** Tensors that are read: group 0, bindings 0 …, `var<storage, read>`. */
  inputs: readonly tf.Tensor[]
  /** Tensors that are written, none of them an input too: the next bindings, `var<storage, read_write>`. */
  outputs: readonly tf.Tensor[]
  /** Contents of the last binding, `var<uniform>`, laid out by the rules of WGSL; without it there is none. */
  uniforms?: ArrayBuffer | ArrayBufferView
  /** Workgroups along x, y and z. */
  workgroups: readonly [number, number, number]
}

/**
 * Records one dispatch of a WGSL compute shader, in order with the ops of TensorFlow.js. Shaders are compiled once for
 * each source. A shader that the compiler or the device refuses raises its error at the next shader, at
 * {@link gpuReady} or when a tensor is read, never as zeros.
 *
 * @param run - see {@link ShaderRun}
 * @throws SwatError `gpu` when the dispatch is beyond the device's limits, when an output is an input too, or when
 * something went wrong on this device before
 */
export function runShader(run: ShaderRun): void {
  const backend = gpuBackend('runShader')
  const { limits } = backend.about
  const tensors = [...run.inputs, ...run.outputs]
  const refuse = (what: string) => {
    throw new SwatError('gpu', `runShader: shader '${run.label}' ${what}`)
  }
  if (tensors.length > limits.maxStorageBuffersPerShaderStage) {
    refuse(`binds ${tensors.length} tensors, this device allows ${limits.maxStorageBuffersPerShaderStage}.`)
  }
  const most = limits.maxComputeWorkgroupsPerDimension
  if (!run.workgroups.every((count) => Number.isInteger(count) && count >= 0 && count <= most)) {
    refuse(`asks for [${run.workgroups.join(', ')}] workgroups; each must be a whole number from 0 to ${most}.`)
  }
  const large = tensors.find(({ size }) => size * 4 > limits.maxStorageBufferBindingSize)
  if (large) {
    refuse(
      `binds a tensor [${large.shape.join(', ')}] of ${large.size * 4} bytes, this device allows ` +
        `${limits.maxStorageBufferBindingSize}. Work on parts of it.`,
    )
  }
  const uniformBytes = run.uniforms?.byteLength ?? 0
  if (uniformBytes > mostUniformBytes) {
    refuse(`binds ${uniformBytes} bytes of uniforms, devices allow ${mostUniformBytes}. Use a tensor.`)
  }
  if (run.workgroups.includes(0)) return
  if (tensors.some(({ size }) => size === 0)) refuse('binds an empty tensor, which WebGPU cannot do.')
  backend.run(run)
}
