import type { KernelPolicy, tf } from '@swat-js/tensor-core'

/** What a layer gets besides input, parameters and settings. */
export interface MixerContext {
  /** For each sequence the position of its first token. */
  positions: readonly number[]
  /** The state before the first token, `[batch, heads, keyDim, valueDim]`; null = zeros. */
  matrices: tf.Tensor4D | null
  /** Earlier inputs of the short convolutions, `[batch, 3, channels]`; null = zeros. */
  past: tf.Tensor3D | null
  /** Tokens of each sequence, the rest is padding; absent = all. */
  lengths?: readonly number[]
  /** `[batch, length, 1]`, 1 for tokens and 0 for padding; null = all are tokens. */
  own: tf.Tensor3D | null
  /** Which kernels run. */
  kernels?: KernelPolicy
}

/** What a layer returns. */
export interface MixerResult {
  /** `[batch, length, hidden]` */
  output: tf.Tensor3D
  /** The state after the last token, `[batch, heads, keyDim, valueDim]`. */
  matrices: tf.Tensor4D
  /** The last inputs of the short convolutions, `[batch, 3, channels]`; null without them. */
  past: tf.Tensor3D | null
}
