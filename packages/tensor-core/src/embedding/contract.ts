import type { Kernel, KernelPolicy, KernelRequest } from '../kernels/kernel.js'
import type { tf } from '../tf.js'

/** What the op tells its kernels about a call. */
export interface EmbeddingRequest extends KernelRequest {
  /** Number of ids that are looked up. */
  rows: number
  /** Number of rows of the table. */
  vocabSize: number
  /** Length of a row of the table. */
  hiddenSize: number
}

/** Inputs of a kernel, already checked. */
export interface EmbeddingInputs {
  ids: tf.Tensor1D // int32 [rows], each in [0, vocabSize)
  weight: tf.Tensor2D // [vocabSize, hiddenSize]
}

/** One implementation of {@link embedding}. */
export interface EmbeddingKernel extends Kernel<EmbeddingRequest> {
  forward(inputs: EmbeddingInputs): tf.Tensor2D // [rows, hiddenSize]
  backward(inputs: EmbeddingInputs, outputGradient: tf.Tensor2D): { weight: tf.Tensor2D }
}

/** Options of `embedding`. */
export interface EmbeddingOptions {
  /** Which kernel runs. */
  kernels?: KernelPolicy
}
