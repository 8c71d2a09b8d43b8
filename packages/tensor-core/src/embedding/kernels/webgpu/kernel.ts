import { runShader } from '../../../engines/webgpu/run-shader.js'
import { uninitializedGpuTensor } from '../../../engines/webgpu/uninitialized-gpu-tensor.js'
import { elementGrid, uniformBytes, vectorWidth, workgroupGrid } from '../../../engines/webgpu/wgsl.js'
import { supportedOn } from '../../../kernels/kernel.js'
import { tf } from '../../../tf.js'
import type { EmbeddingKernel } from '../../contract.js'
import { gatherShaders, idsAtOnce, scatterShaders, sortShader, startsShader } from './shaders.js'

/**
 * WGSL. The gradient adds up the rows of an id in their order, so that it is the same every time: ids are sorted first,
 * on the GPU, as only it may know them.
 */
export const kernel: EmbeddingKernel = {
  name: 'webgpu',
  supports: (request) => supportedOn(request, 'webgpu'),

  forward({ ids, weight }) {
    const [rows, hiddenSize] = [ids.size, weight.shape[1]]
    const width = vectorWidth(hiddenSize)
    const columns = hiddenSize / width
    const output = uninitializedGpuTensor([rows, hiddenSize]) as tf.Tensor2D
    runShader({
      label: 'embedding',
      source: gatherShaders[width],
      inputs: [ids, weight],
      outputs: [output],
      uniforms: uniformBytes(['u32', columns]),
      workgroups: elementGrid(rows * columns),
    })
    return output
  },

  backward({ ids, weight }, outputGradient) {
    if (ids.size === 0) return { weight: tf.zeros(weight.shape) }
    const [rows, [vocabSize, hiddenSize]] = [ids.size, weight.shape]
    const sortedIds = uninitializedGpuTensor([rows], 'int32')
    const sortedRows = uninitializedGpuTensor([rows], 'int32')
    runShader({
      label: 'embedding gradient: sort',
      source: sortShader,
      inputs: [ids],
      outputs: [sortedIds, sortedRows],
      workgroups: workgroupGrid(Math.ceil(rows / idsAtOnce)),
    })
    const starts = uninitializedGpuTensor([vocabSize + 1], 'int32')
    runShader({
      label: 'embedding gradient: starts',
      source: startsShader,
      inputs: [sortedIds],
      outputs: [starts],
      workgroups: elementGrid(vocabSize + 1),
    })
    const width = vectorWidth(hiddenSize)
    const columns = hiddenSize / width
    const gradient = uninitializedGpuTensor(weight.shape) as tf.Tensor2D
    runShader({
      label: 'embedding gradient',
      source: scatterShaders[width],
      inputs: [starts, sortedRows, outputGradient],
      outputs: [gradient],
      uniforms: uniformBytes(['u32', columns]),
      workgroups: elementGrid(vocabSize * columns),
    })
    return { weight: gradient }
  },
}
