import { tf } from '../tf.js'
import { type MatMulShape, productFrom } from './mat-mul-shape.js'
import { gpuMatMulDivision, gpuMatMulProblem } from './webgpu/gpu-mat-mul.js'

/**
 * How the active engine computes a matrix product.
 *
 * @param shape - the product
 * @returns in words, for example `f16 128×128×32, 64×32 a subgroup`; `TensorFlow.js` where it is not ours
 */
export function describeMatMul(shape: MatMulShape): string {
  const product = productFrom(shape)
  const own = tf.getBackend() === 'webgpu' && gpuMatMulProblem(product) === null
  return own ? gpuMatMulDivision(product) : 'TensorFlow.js'
}
