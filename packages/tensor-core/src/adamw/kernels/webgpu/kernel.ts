import { ownGpuTensor } from '../../../engines/webgpu/own-gpu-tensor.js'
import { rememberOnDevice } from '../../../engines/webgpu/remember-on-device.js'
import { runShader } from '../../../engines/webgpu/run-shader.js'
import { gpuInfo } from '../../../engines/webgpu/gpu-info.js'
import { uniformBytes, vectorWidth, workgroupGrid, workgroupThreads } from '../../../engines/webgpu/wgsl.js'
import { supportedOn } from '../../../kernels/kernel.js'
import type { AdamWKernel } from '../../contract.js'
import { updateShader } from './shader.js'

/** WGSL: as many parameters a dispatch as the device binds at once; they and their moments change in place. */
export const kernel: AdamWKernel = {
  name: 'webgpu',
  supports: (request) => supportedOn(request, 'webgpu'),

  atOnce: () => Math.floor((gpuInfo().limits.maxStorageBuffersPerShaderStage - 1) / buffersOfParameter),

  update(parameters, { gradientScale, learningRate, beta1, beta2, epsilon, step }) {
    const updated = parameters.map(({ parameter, firstMoment, secondMoment }) => ({
      parameter: ownGpuTensor(parameter),
      firstMoment: ownGpuTensor(firstMoment),
      secondMoment: ownGpuTensor(secondMoment),
    }))
    const correction = Math.sqrt(1 - beta2 ** step) // √v̂ = √v / correction
    const stepSize = (learningRate * correction) / (1 - beta1 ** step)
    const widths = parameters.map(({ parameter }) => vectorWidth(parameter.size))
    const workgroups = parameters.map(({ parameter }, i) => Math.ceil(parameter.size / widths[i] / workgroupThreads))
    const gradients = parameters.map(({ gradient }) => gradient)
    const scaled = gradientScale !== null
    let first = 0
    runShader({
      label: 'adamW',
      source: rememberOnDevice(`adamW ${widths} ${scaled}`, () => updateShader(widths, scaled)),
      inputs: scaled ? [...gradients, gradientScale] : gradients,
      outputs: updated.flatMap((tensors) => Object.values(tensors)),
      uniforms: uniformBytes(
        ...[beta1, 1 - beta1, beta2, 1 - beta2, stepSize, epsilon * correction].map((value) => ['f32', value] as const),
        ...parameters.flatMap(({ weightDecay }, i) => {
          const members = [
            ['u32', first],
            ['f32', 1 - learningRate * weightDecay],
          ] as const
          first += workgroups[i]
          return members
        }),
      ),
      workgroups: workgroupGrid(first),
    })
    return updated
  },
}

/** The parameter, its gradient and its moments. */
const buffersOfParameter = 4
