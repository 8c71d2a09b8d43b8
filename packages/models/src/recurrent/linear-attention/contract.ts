import type { tf } from '@swat-js/tensor-core'

/** What both recurrences take besides queries, keys and values. */
export interface RecurrenceOptions {
  /** Multiplies the output; default keyDim^-½. */
  scale?: number
  /** The state before the first token, `[batch, heads, keyDim, valueDim]`; default zeros. */
  state?: tf.Tensor4D | null
  /**
   * Tokens that are computed together: a power of two; 1 computes the recurrence as it is written, token by token.
   * Changes the result by rounding only. Default: what was fastest, or the whole input when it is short.
   */
  chunk?: number
}

/** What both recurrences return. */
export interface RecurrenceResult {
  /** `[batch, length, heads, valueDim]` */
  output: tf.Tensor4D
  /** The state after the last token, `[batch, heads, keyDim, valueDim]`. */
  state: tf.Tensor4D
}
