import type { Kernel, KernelRequest } from '../kernels/kernel.js'
import type { tf } from '../tf.js'

/** What the op tells its kernels about a call. */
export interface AdamWRequest extends KernelRequest {
  /** Number of parameters. */
  count: number
}

/** One parameter and what belongs to it; all tensors have its shape. */
export interface AdamWParameter {
  parameter: tf.Tensor
  gradient: tf.Tensor
  firstMoment: tf.Tensor
  secondMoment: tf.Tensor
  weightDecay: number
}

/** The numbers of one update, the same for all parameters. */
export interface AdamWFactors {
  /**
   * Factor of the gradient, of clipping and of the loss, as a tensor so that nobody waits for it; null = 1. Where it is
   * not finite, or 0, nothing changes.
   */
  gradientScale: tf.Scalar | null
  learningRate: number
  beta1: number
  beta2: number
  epsilon: number
  step: number // 1 in the first update
}

/** Result of a kernel for one parameter: new tensors, or those of the inputs updated in place. */
export interface AdamWOutputs {
  parameter: tf.Tensor
  firstMoment: tf.Tensor
  secondMoment: tf.Tensor
}

/** One implementation of the update of some parameters; it has no gradient. */
export interface AdamWKernel extends Kernel<AdamWRequest> {
  /** How many parameters it takes at a time; what they held before stays until all of them are updated. */
  atOnce(): number
  update(parameters: readonly AdamWParameter[], factors: AdamWFactors): AdamWOutputs[]
}
