import type { Kernel, KernelPolicy, KernelRequest } from '../kernels/kernel.js'
import type { tf } from '../tf.js'

/** What the op tells its kernels about a call. */
export interface RmsNormRequest extends KernelRequest {
  /** Number of rows that are normalised. */
  rows: number
  /** Length of a row. */
  size: number
}

/** Inputs of a kernel, already checked. */
export interface RmsNormInputs {
  x: tf.Tensor2D // [rows, size]
  addend: tf.Tensor2D | null // [rows, size]; joins x before it is normalised
  weight: tf.Tensor1D // [size]
  epsilon: number
}

/** What a kernel computes. */
export interface RmsNormOutputs {
  /** `x + addend`, or `x` itself without an addend. */
  sum: tf.Tensor2D
  /** The sum, normalised. */
  normalised: tf.Tensor2D
}

/** Inputs of a backward pass. */
export interface RmsNormBackwardInputs extends Omit<RmsNormInputs, 'x' | 'addend'> {
  sum: tf.Tensor2D // [rows, size], see RmsNormOutputs
  /** Gradient of `normalised`. */
  normalisedGradient: tf.Tensor2D
  /** Gradient that `sum` gets from elsewhere, null = none. */
  sumGradient: tf.Tensor2D | null
}

/** One implementation of {@link rmsNorm} and {@link addRmsNorm}. */
export interface RmsNormKernel extends Kernel<RmsNormRequest> {
  forward(inputs: RmsNormInputs): RmsNormOutputs
  /** The whole gradient of `sum`, and that of the weight. */
  backward(inputs: RmsNormBackwardInputs): { sum: tf.Tensor2D; weight: tf.Tensor1D }
}

/** Options of `rmsNorm`. */
export interface RmsNormOptions {
  /** Added to the mean square under the root; default 1e-6. */
  epsilon?: number
  /** Which kernel runs. */
  kernels?: KernelPolicy
}
