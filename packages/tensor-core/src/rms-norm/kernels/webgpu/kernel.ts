import { rememberOnDevice } from '../../../engines/webgpu/remember-on-device.js'
import { runShader } from '../../../engines/webgpu/run-shader.js'
import { uninitializedGpuTensor } from '../../../engines/webgpu/uninitialized-gpu-tensor.js'
import { uniformBytes, workgroupGrid } from '../../../engines/webgpu/wgsl.js'
import { supportedOn } from '../../../kernels/kernel.js'
import type { tf } from '../../../tf.js'
import type { RmsNormKernel } from '../../contract.js'
import {
  backwardBlocks,
  backwardShader,
  columnSumShader,
  columnSumWorkgroups,
  forwardRows,
  forwardShader,
} from './shaders.js'

/** WGSL: each pass reads its rows once; the weight's gradient is added up in a fixed order. */
export const kernel: RmsNormKernel = {
  name: 'webgpu',
  supports: (request) => supportedOn(request, 'webgpu'),

  forward({ x, weight, epsilon }) {
    const [rows, size] = x.shape
    const output = uninitializedGpuTensor(x.shape) as tf.Tensor2D
    runShader({
      label: 'rmsNorm',
      source: rememberOnDevice(`rmsNorm ${size}`, () => forwardShader(size)),
      inputs: [x, weight],
      outputs: [output],
      uniforms: uniformBytes(['u32', rows], ['u32', 0], ['f32', epsilon]),
      workgroups: workgroupGrid(Math.ceil(rows / forwardRows(size))),
    })
    return output
  },

  backward({ x, weight, epsilon }, outputGradient) {
    const [rows, size] = x.shape
    const { blocks, rowsInBlock } = backwardBlocks(rows, size)
    const gradients = { x: uninitializedGpuTensor(x.shape), weight: uninitializedGpuTensor([size]) }
    const partialSums = uninitializedGpuTensor([blocks, size])
    runShader({
      label: 'rmsNorm gradient',
      source: rememberOnDevice(`rmsNorm gradient ${size}`, () => backwardShader(size)),
      inputs: [x, weight, outputGradient],
      outputs: [gradients.x, partialSums],
      uniforms: uniformBytes(['u32', rows], ['u32', rowsInBlock], ['f32', epsilon]),
      workgroups: workgroupGrid(blocks),
    })
    runShader({
      label: 'rmsNorm gradient of weight',
      source: rememberOnDevice(`rmsNorm column sums ${size}`, () => columnSumShader(size)),
      inputs: [partialSums],
      outputs: [gradients.weight],
      workgroups: workgroupGrid(columnSumWorkgroups(size)),
    })
    return gradients as ReturnType<RmsNormKernel['backward']>
  },
}
