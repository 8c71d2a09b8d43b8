import type { Kernel, KernelPolicy, KernelRequest } from '../kernels/kernel.js'
import type { tf } from '../tf.js'

/** What the op tells its kernels about a call. */
export interface SwiGluRequest extends KernelRequest {
  /** Number of elements of `gate` and of `up`. */
  size: number
}

/** Inputs of a kernel, already checked. */
export interface SwiGluInputs {
  gate: tf.Tensor1D // [size]
  up: tf.Tensor1D // [size]
}

/** One implementation of {@link swiGlu}. */
export interface SwiGluKernel extends Kernel<SwiGluRequest> {
  forward(inputs: SwiGluInputs): tf.Tensor1D
  backward(inputs: SwiGluInputs, outputGradient: tf.Tensor1D): { gate: tf.Tensor1D; up: tf.Tensor1D }
}

/** Options of `swiGlu`. */
export interface SwiGluOptions {
  /** Which kernel runs. */
  kernels?: KernelPolicy
}
