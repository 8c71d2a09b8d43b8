import { linear, rmsNorm, swiGlu, tf, type KernelPolicy } from '@swat-js/tensor-core'

/**
 * Splits channels into heads.
 *
 * @param x - `[batch, length, heads · dim]`
 * @param heads - how many
 * @returns `[batch, length, heads, dim]`
 */
export function splitHeads(x: tf.Tensor3D, heads: number): tf.Tensor4D {
  const [batch, length, channels] = x.shape
  return tf.reshape(x, [batch, length, heads, channels / heads])
}

/** What {@link projectOutput} computes with. */
export interface OutputProjection {
  /** Of the norm over each head, `[valueDim]`. */
  norm: tf.Tensor1D
  /** `[batch, length, heads · valueDim]`, before its SiLU; null = no gate. */
  gate: tf.Tensor3D | null
  /** `[hidden, heads · valueDim]` */
  weight: tf.Tensor2D
  /** Epsilon of the norm. */
  epsilon: number
  /** Which kernels run. */
  kernels?: KernelPolicy
}

/**
 * The end of a layer: norm of each head, gate, projection.
 *
 * @param x - `[batch, length, heads, valueDim]`
 * @param projection - norm, gate and matrix
 * @returns `[batch, length, hidden]`
 */
export function projectOutput(x: tf.Tensor4D, projection: OutputProjection): tf.Tensor3D {
  const { norm, gate, weight, epsilon, kernels } = projection
  const [batch, length, heads, valueDim] = x.shape
  const normalised = rmsNorm(x, norm, { epsilon, kernels })
  const joined = tf.reshape(normalised, [batch, length, heads * valueDim]) as tf.Tensor3D
  return linear(gate ? swiGlu(gate, joined, { kernels }) : joined, weight, { kernels })
}

/**
 * Zeros in place of padding, so that it leaves no trace in a state: as keys, β or logarithms of decays.
 *
 * @param x - `[batch, length, …]`
 * @param own - `[batch, length, 1]`, 1 for tokens and 0 for padding; null = all are tokens
 * @returns the shape of `x`
 */
export function withoutPadding<T extends tf.Tensor>(x: T, own: tf.Tensor3D | null): T {
  if (!own) return x
  const [batch, length] = x.shape
  return tf.mul(x, tf.reshape(own, [batch, length, ...x.shape.slice(2).fill(1)]))
}
