import { ownGpuTensor } from '../../../engines/webgpu/own-gpu-tensor.js'
import { runShader } from '../../../engines/webgpu/run-shader.js'
import { elementGrid, mainOfElements, storageBindings, vectorType, vectorWidth } from '../../../engines/webgpu/wgsl.js'
import { supportedOn } from '../../../kernels/kernel.js'
import type { AdamWKernel } from '../../contract.js'

/** WGSL: one dispatch a parameter, which changes it and its moments in place. */
export const kernel: AdamWKernel = {
  name: 'webgpu',
  supports: (request) => supportedOn(request, 'webgpu'),

  update({ gradient, gradientScale, ...inputs }) {
    const { learningRate, beta1, beta2, epsilon, weightDecay, step } = inputs
    const parameter = ownGpuTensor(inputs.parameter)
    const firstMoment = ownGpuTensor(inputs.firstMoment)
    const secondMoment = ownGpuTensor(inputs.secondMoment)
    const correction = Math.sqrt(1 - beta2 ** step) // √v̂ = √v / correction
    const stepSize = (learningRate * correction) / (1 - beta1 ** step)
    const kept = 1 - learningRate * weightDecay
    const width = vectorWidth(parameter.size)
    const scaled = gradientScale !== null
    runShader({
      label: 'adamW',
      source: (scaled ? scaledShaders : shaders)[width],
      inputs: scaled ? [gradient, gradientScale] : [gradient],
      outputs: [parameter, firstMoment, secondMoment],
      uniforms: Float32Array.of(beta1, 1 - beta1, beta2, 1 - beta2, stepSize, epsilon * correction, kept),
      workgroups: elementGrid(parameter.size / width),
    })
    return { parameter, firstMoment, secondMoment }
  },
}

const scaledGradient = `let bits = bitcast<u32>(gradientScale[0]) & 0x7fffffffu;
  if (bits == 0u || bits >= 0x7f800000u) { return; } // 0, infinity, NaN: GPUs need not know the last by comparison
  let g = gradient[i] * gradientScale[0];`

const [shaders, scaledShaders] = [false, true].map((scaled) => ({ 1: shader(1, scaled), 4: shader(4, scaled) }))

function shader(width: 1 | 4, scaled: boolean): string {
  const vector = vectorType[width]
  const inputs: Record<string, string> = scaled ? { gradient: vector, gradientScale: 'f32' } : { gradient: vector }
  const outputs = { parameter: vector, firstMoment: vector, secondMoment: vector }
  return `
${storageBindings(inputs, outputs)}
struct Uniforms {
  beta1: f32,
  restOfBeta1: f32,
  beta2: f32,
  restOfBeta2: f32,
  stepSize: f32,
  epsilon: f32,
  kept: f32,
}
@group(0) @binding(${Object.keys({ ...inputs, ...outputs }).length}) var<uniform> uniforms: Uniforms;
${mainOfElements('arrayLength(&parameter)')}
  ${scaled ? scaledGradient : 'let g = gradient[i];'}
  let m = uniforms.beta1 * firstMoment[i] + uniforms.restOfBeta1 * g;
  let v = uniforms.beta2 * secondMoment[i] + uniforms.restOfBeta2 * g * g;
  parameter[i] = uniforms.kept * parameter[i] - uniforms.stepSize * m / (sqrt(v) + uniforms.epsilon);
  firstMoment[i] = m;
  secondMoment[i] = v;
}`
}
