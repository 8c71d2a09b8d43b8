import type { Kernel, KernelPolicy, KernelRequest, Precision } from '../kernels/kernel.js'
import type { tf } from '../tf.js'

/** What the op tells its kernels about a call. */
export interface LinearRequest extends KernelRequest {
  /** Number of rows that are projected. */
  rows: number
  /** Length of an input row. */
  inputSize: number
  /** Length of an output row. */
  outputSize: number
}

/** Inputs of a kernel, already checked. */
export interface LinearInputs {
  x: tf.Tensor2D // [rows, inputSize]
  weight: tf.Tensor2D // [outputSize, inputSize]
  precision: Precision
}

/** One implementation of {@link linear}. */
export interface LinearKernel extends Kernel<LinearRequest> {
  forward(inputs: LinearInputs): tf.Tensor2D
  backward(inputs: LinearInputs, outputGradient: tf.Tensor2D): { x: tf.Tensor2D; weight: tf.Tensor2D }
}

/** Options of `linear`. */
export interface LinearOptions {
  /** Which kernel runs. */
  kernels?: KernelPolicy
}
