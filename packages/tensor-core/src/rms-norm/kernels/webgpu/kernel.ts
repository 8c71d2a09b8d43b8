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

  forward({ x, addend, weight, epsilon }) {
    const [rows, size] = x.shape
    const normalised = uninitializedGpuTensor(x.shape) as tf.Tensor2D
    const sum = addend ? (uninitializedGpuTensor(x.shape) as tf.Tensor2D) : x
    const adds = addend !== null
    runShader({
      label: 'rmsNorm',
      source: rememberOnDevice(`rmsNorm ${size} ${adds}`, () => forwardShader(size, adds)),
      inputs: addend ? [x, weight, addend] : [x, weight],
      outputs: addend ? [normalised, sum] : [normalised],
      uniforms: uniformBytes(['u32', rows], ['u32', 0], ['f32', epsilon]),
      workgroups: workgroupGrid(Math.ceil(rows / forwardRows(size))),
    })
    return { sum, normalised }
  },

  backward({ sum, weight, epsilon, normalisedGradient, sumGradient }) {
    const [rows, size] = sum.shape
    const { blocks, rowsInBlock } = backwardBlocks(rows, size)
    const gradients = { sum: uninitializedGpuTensor(sum.shape), weight: uninitializedGpuTensor([size]) }
    const partialSums = uninitializedGpuTensor([blocks, size])
    const adds = sumGradient !== null
    runShader({
      label: 'rmsNorm gradient',
      source: rememberOnDevice(`rmsNorm gradient ${size} ${adds}`, () => backwardShader(size, adds)),
      inputs: [sum, weight, normalisedGradient, ...(sumGradient ? [sumGradient] : [])],
      outputs: [gradients.sum, partialSums],
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
