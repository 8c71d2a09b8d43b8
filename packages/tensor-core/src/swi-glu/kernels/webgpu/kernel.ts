import { runShader } from '../../../engines/webgpu/run-shader.js'
import { uninitializedGpuTensor } from '../../../engines/webgpu/uninitialized-gpu-tensor.js'
import {
  elementGrid,
  mainOfElements,
  storageBindings,
  vectorType,
  vectorWidth,
  type VectorWidth,
} from '../../../engines/webgpu/wgsl.js'
import { supportedOn } from '../../../kernels/kernel.js'
import type { tf } from '../../../tf.js'
import type { SwiGluKernel } from '../../contract.js'

/** WGSL: a thread a vector, everything in one pass. */
export const kernel: SwiGluKernel = {
  name: 'webgpu',
  supports: (request) => supportedOn(request, 'webgpu'),

  forward({ gate, up }) {
    const width = vectorWidth(gate.size)
    const output = uninitializedGpuTensor(gate.shape) as tf.Tensor1D
    runShader({
      label: 'swiGlu',
      source: forwardShaders[width],
      inputs: [gate, up],
      outputs: [output],
      workgroups: elementGrid(gate.size / width),
    })
    return output
  },

  backward({ gate, up }, outputGradient) {
    const width = vectorWidth(gate.size)
    const gradients = {
      gate: uninitializedGpuTensor(gate.shape) as tf.Tensor1D,
      up: uninitializedGpuTensor(up.shape) as tf.Tensor1D,
    }
    runShader({
      label: 'swiGlu gradient',
      source: backwardShaders[width],
      inputs: [gate, up, outputGradient],
      outputs: [gradients.gate, gradients.up],
      workgroups: elementGrid(gate.size / width),
    })
    return gradients
  },
}

const forwardShaders = { 1: forwardShader(1), 4: forwardShader(4) }
const backwardShaders = { 1: backwardShader(1), 4: backwardShader(4) }

function forwardShader(width: VectorWidth): string {
  const vector = vectorType[width]
  return `
${storageBindings({ gate: vector, up: vector }, { y: vector })}
${mainOfElements('arrayLength(&y)')}
  let g = gate[i];
  let e = exp(-abs(g)); // never overflows
  y[i] = g * (select(${vector}(1.0), e, g < ${vector}(0.0)) / (1.0 + e)) * up[i];
}`
}

function backwardShader(width: VectorWidth): string {
  const vector = vectorType[width]
  return `
${storageBindings({ gate: vector, up: vector, dy: vector }, { gateGradient: vector, upGradient: vector })}
${mainOfElements('arrayLength(&gateGradient)')}
  let g = gate[i];
  let d = dy[i];
  let e = exp(-abs(g));
  let negative = g < ${vector}(0.0);
  let one = ${vector}(1.0);
  let weight = select(one, e, negative) / (1.0 + e); // σ(g)
  let rest = select(e, one, negative) / (1.0 + e); // σ(−g)
  gateGradient[i] = d * up[i] * weight * (1.0 + g * rest);
  upGradient[i] = d * g * weight;
}`
}
