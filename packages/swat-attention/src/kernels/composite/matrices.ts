import { matMul, type MatMulOptions, tf } from '@swat-js/tensor-core'

/**
 * A batch of matrices of one shape. On wasm a list with one tensor each: that backend multiplies single matrices about
 * twenty times faster than a batch. Elsewhere a list with one tensor `[batch, rows, columns]`.
 */
export type Matrices = readonly tf.Tensor[]

/** Whether batches are lists of single matrices. */
export function oneByOne(): boolean {
  return tf.getBackend() === 'wasm'
}

/** The products of two batches. */
export function product(a: Matrices, b: Matrices, options?: MatMulOptions): Matrices {
  return a.map((matrices, i) => matMul(matrices, b[i], options))
}

/** A batch as one tensor `[batch, rows, columns]`. */
export function join(matrices: Matrices): tf.Tensor {
  return oneByOne() ? tf.stack([...matrices]) : matrices[0]
}

/**
 * The matrices of a tensor `[batch, rows, columns]`. On wasm by way of the host: there tf.slice and tf.unstack copy
 * their whole input for every piece.
 */
export function split(x: tf.Tensor): Matrices {
  if (!oneByOne()) return [x]
  const [batch, rows, columns] = x.shape
  const data = x.dataSync()
  return Array.from({ length: batch }, (_, i) =>
    tf.tensor2d(data.subarray(i * rows * columns, (i + 1) * rows * columns) as Float32Array, [rows, columns]),
  )
}
