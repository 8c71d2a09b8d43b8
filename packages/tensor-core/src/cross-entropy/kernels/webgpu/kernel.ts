import { gpuInfo } from '../../../engines/webgpu/gpu-info.js'
import { rememberOnDevice } from '../../../engines/webgpu/remember-on-device.js'
import { runShader } from '../../../engines/webgpu/run-shader.js'
import { uninitializedGpuTensor } from '../../../engines/webgpu/uninitialized-gpu-tensor.js'
import { workgroupGrid } from '../../../engines/webgpu/wgsl.js'
import { supportedOn } from '../../../kernels/kernel.js'
import type { tf } from '../../../tf.js'
import type { CrossEntropyKernel } from '../../contract.js'
import { backwardShader, divisionOf, forwardShader, sumShader } from './shaders.js'

/** WGSL: rows with weight 0 are not read at all, the others once; the mean is taken in a fixed order. */
export const kernel: CrossEntropyKernel = {
  name: 'webgpu',
  supports: (request) => supportedOn(request, 'webgpu'),

  forward({ logits, labels, rowWeights }) {
    const [rows, vocabSize] = logits.shape
    const losses = uninitializedGpuTensor([rows])
    runShader({
      label: 'crossEntropy',
      source: rememberOnDevice(`crossEntropy ${vocabSize}`, () => forwardShader(vocabSize, mostThreads())),
      inputs: [logits, labels, rowWeights],
      outputs: [losses],
      workgroups: workgroupsFor(rows, vocabSize),
    })
    const loss = uninitializedGpuTensor([]) as tf.Scalar
    const label = 'crossEntropy: mean'
    runShader({ label, source: sumShader, inputs: [losses], outputs: [loss], workgroups: [1, 1, 1] })
    return loss
  },

  backward({ logits, labels, rowWeights }, outputGradient) {
    const [rows, vocabSize] = logits.shape
    const gradient = uninitializedGpuTensor(logits.shape) as tf.Tensor2D
    runShader({
      label: 'crossEntropy gradient',
      source: rememberOnDevice(`crossEntropy gradient ${vocabSize}`, () => backwardShader(vocabSize, mostThreads())),
      inputs: [logits, labels, rowWeights, outputGradient],
      outputs: [gradient],
      workgroups: workgroupsFor(rows, vocabSize),
    })
    return { logits: gradient }
  },
}

function workgroupsFor(rows: number, vocabSize: number): [number, number, number] {
  return workgroupGrid(Math.ceil(rows / divisionOf(vocabSize, mostThreads()).rowsAtOnce))
}

function mostThreads(): number {
  const { maxComputeInvocationsPerWorkgroup, maxComputeWorkgroupSizeX } = gpuInfo().limits
  return Math.min(maxComputeInvocationsPerWorkgroup, maxComputeWorkgroupSizeX)
}
