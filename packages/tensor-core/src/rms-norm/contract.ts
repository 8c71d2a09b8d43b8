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
  weight: tf.Tensor1D // [size]
  epsilon: number
}

/** One implementation of {@link rmsNorm}. */
export interface RmsNormKernel extends Kernel<RmsNormRequest> {
  forward(inputs: RmsNormInputs): tf.Tensor2D
  backward(inputs: RmsNormInputs, outputGradient: tf.Tensor2D): { x: tf.Tensor2D; weight: tf.Tensor1D }
}

/** Options of `rmsNorm`. */
export interface RmsNormOptions {
  /** Added to the mean square under the root; default 1e-6. */
  epsilon?: number
  /** Which kernel runs. */
  kernels?: KernelPolicy
}
