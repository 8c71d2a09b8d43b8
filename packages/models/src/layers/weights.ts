import type { tf } from '@swat-js/tensor-core'

/** The weight of a projection or an embedding. */
export type MatrixWeight = {
  /** `[out, in]`; of an embedding `[vocab, hidden]`. */
  weight: tf.Tensor2D
}

/** The weight of an RMS norm. */
export type NormWeight = {
  /** One factor for each channel. */
  weight: tf.Tensor1D
}
