import type { Kernel, KernelPolicy, KernelRequest } from '../kernels/kernel.js'
import type { tf } from '../tf.js'

/** What the op tells its kernels about a call. */
export interface GlobalNormRequest extends KernelRequest {
  /** Number of tensors. */
  count: number
}

/** Inputs of a kernel, already checked. */
export interface GlobalNormInputs {
  /** float32, of any shapes, none of them empty; there may be none. */
  tensors: readonly tf.Tensor[]
  /** Above 0; null = no limit. */
  maxNorm: number | null
  /** Above 0. */
  lossScale: number
}

/** Result of {@link globalNorm}: both stay on the device. */
export interface GlobalNormOutputs {
  /** `√(Σ x²) / lossScale` over all elements of all tensors; not finite where one of them is not. */
  norm: tf.Scalar
  /**
   * `min(1, maxNorm / (norm + 1e-6)) / lossScale`, the factor that undoes the loss scale and clips: 0 where the norm is
   * not finite, else finite and above 0.
   */
  scale: tf.Scalar
}

/** One implementation of {@link globalNorm}; it has no gradient. */
export interface GlobalNormKernel extends Kernel<GlobalNormRequest> {
  measure(inputs: GlobalNormInputs): GlobalNormOutputs
}

/** Options of `globalNorm`. */
export interface GlobalNormOptions {
  /** The largest norm that is left as it is; null (default) = no limit. */
  maxNorm?: number | null
  /** The factor that the loss was multiplied with, and so all elements are; default 1. */
  lossScale?: number
  /** Which kernel runs. */
  kernels?: KernelPolicy
}

/** Least scale of a finite norm: the least normal float32, as GPUs may take smaller numbers for 0. */
export const leastScale = 2 ** -126

/** Added to the norm where it divides, as PyTorch does. */
export const normEpsilon = 1e-6
