import type { Kernel, KernelRequest } from '../kernels/kernel.js'
import type { tf } from '../tf.js'

/** What the op tells its kernels about a call. */
export interface AdamWRequest extends KernelRequest {
  /** Number of elements of the parameter. */
  size: number
}

/** The numbers of one update. */
export interface AdamWFactors {
  learningRate: number
  beta1: number
  beta2: number
  epsilon: number
  weightDecay: number
  step: number // 1 in the first update
}

/** Inputs of a kernel, already checked; all tensors but `gradientScale` have the shape of the parameter. */
export interface AdamWInputs extends AdamWFactors {
  parameter: tf.Tensor
  gradient: tf.Tensor
  firstMoment: tf.Tensor
  secondMoment: tf.Tensor
  /**
   * Factor of the gradient, of clipping and of the loss, as a tensor so that nobody waits for it; null = 1. Where it is
   * not finite, or 0, nothing changes.
   */
  gradientScale: tf.Scalar | null
}

/** Result of a kernel: new tensors, or those of the inputs updated in place. */
export interface AdamWOutputs {
  parameter: tf.Tensor
  firstMoment: tf.Tensor
  secondMoment: tf.Tensor
}

/** One implementation of the update of one parameter; it has no gradient. */
export interface AdamWKernel extends Kernel<AdamWRequest> {
  update(inputs: AdamWInputs): AdamWOutputs
}
