import { supported, tf } from '@swat-js/tensor-core'
import type { RotaryKernel, RotaryStyle } from '../../contract.js'

/**
 * TensorFlow.js ops only: y = x · cos + (x swapped within its pairs) · sin. The swap is a product with a small signed
 * permutation: exact, and far cheaper on wasm than slicing and joining the last axis.
 */
export const kernel: RotaryKernel = {
  name: 'composite',
  supports: () => supported,

  rotate({ x, cos, sin, style, direction }) {
    const [batch, length, heads, headDim] = x.shape
    const rows = tf.reshape(x, [batch * length * heads, headDim]) as tf.Tensor2D
    const swapped = tf.reshape(tf.matMul(rows, swapOfPairs(headDim, style, direction)), x.shape)
    const perPosition = (table: tf.Tensor2D) => tf.reshape(bothOfPair(table, style), [length, 1, headDim])
    return tf.add(tf.mul(x, perPosition(cos)), tf.mul(swapped, perPosition(sin))) as tf.Tensor4D
  },
}

/** `[headDim, headDim]`: (x₁, x₂) → (−x₂, x₁) in every pair, with the signs of `direction`. */
function swapOfPairs(headDim: number, style: RotaryStyle, direction: 1 | -1): tf.Tensor2D {
  const matrix = new Float32Array(headDim * headDim)
  const [step, gap] = style === 'half' ? [1, headDim / 2] : [2, 1]
  for (let i = 0; i < headDim / 2; i++) {
    const [first, second] = [step * i, step * i + gap]
    matrix[second * headDim + first] = -direction
    matrix[first * headDim + second] = direction
  }
  return tf.tensor2d(matrix, [headDim, headDim])
}

/** `[length, headDim / 2]` → `[length, headDim]`: both dimensions of a pair get its value. */
function bothOfPair(table: tf.Tensor2D, style: RotaryStyle): tf.Tensor {
  return style === 'half' ? tf.concat([table, table], 1) : tf.stack([table, table], 2)
}
