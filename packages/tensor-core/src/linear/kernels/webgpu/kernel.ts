import { type Support, supportedOn } from '../../../kernels/kernel.js'
import { gpuMatMul, gpuMatMulProblem } from '../../../matmul/webgpu/gpu-mat-mul.js'
import type { Product } from '../../../matmul/webgpu/product.js'
import type { tf } from '../../../tf.js'
import type { LinearKernel, LinearRequest } from '../../contract.js'

/** WGSL; `mixed` multiplies f16 on matrix units where the device has them, and float32 where not. */
export const kernel: LinearKernel = {
  name: 'webgpu',

  supports(request): Support {
    const onWebgpu = supportedOn(request, 'webgpu')
    if (!onWebgpu.supported) return onWebgpu
    const problem = products(request)
      .map(gpuMatMulProblem)
      .find((problem) => problem !== null)
    return problem ? { supported: false, reason: problem } : onWebgpu
  },

  forward: ({ x, weight, precision }) => gpuMatMul(x, weight, { transposeB: true, precision }) as tf.Tensor2D,

  backward: ({ x, weight, precision }, outputGradient) => ({
    x: gpuMatMul(outputGradient, weight, { precision }) as tf.Tensor2D,
    weight: gpuMatMul(outputGradient, x, { transposeA: true, precision }) as tf.Tensor2D,
  }),
}

/** The output, the gradient of `x` and that of the weight. */
function products({ rows, inputSize, outputSize, precision }: LinearRequest): Product[] {
  const plain = { batches: 1, transposeA: false, transposeB: false, precision }
  return [
    { ...plain, m: rows, n: outputSize, k: inputSize, transposeB: true },
    { ...plain, m: rows, n: inputSize, k: outputSize },
    { ...plain, m: outputSize, n: inputSize, k: rows, transposeA: true },
  ]
}
