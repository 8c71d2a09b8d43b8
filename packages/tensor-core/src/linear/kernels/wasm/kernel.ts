import { simdSupport } from '../../../engines/wasm/simd-support.js'
import { simdProduct } from '../../../matmul/wasm/simd-product.js'
import type { tf } from '../../../tf.js'
import type { LinearKernel } from '../../contract.js'

/** Our own matrix product, which reads both operands as they are stored. */
export const kernel: LinearKernel = {
  name: 'wasm',
  supports: simdSupport,

  forward({ x, weight }) {
    const [outputSize, inputSize] = weight.shape
    const shape = { m: x.shape[0], n: outputSize, k: inputSize, transposeB: true }
    return simdProduct(x, weight, shape) as tf.Tensor2D
  },

  backward({ x, weight }, outputGradient) {
    const [rows, inputSize] = x.shape
    const [outputSize] = weight.shape
    const ofWeight = { m: outputSize, n: inputSize, k: rows, transposeA: true }
    return {
      x: simdProduct(outputGradient, weight, { m: rows, n: inputSize, k: outputSize }) as tf.Tensor2D,
      weight: simdProduct(outputGradient, x, ofWeight) as tf.Tensor2D,
    }
  },
}
