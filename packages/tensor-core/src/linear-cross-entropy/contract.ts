import type { Kernel, KernelPolicy, KernelRequest, Precision } from '../kernels/kernel.js'
import type { tf } from '../tf.js'

/** What the op tells its kernels about a call. */
export interface LinearCrossEntropyRequest extends KernelRequest {
  /** Number of predictions. */
  rows: number
  /** Length of an input row. */
  inputSize: number
  /** Number of classes of a prediction. */
  vocabSize: number
}

/** Inputs of a kernel, already checked. */
export interface LinearCrossEntropyInputs {
  x: tf.Tensor2D // [rows, inputSize]
  weight: tf.Tensor2D // [vocabSize, inputSize]
  labels: tf.Tensor1D // int32 [rows]; in an ignored row any class
  rowWeights: tf.Tensor1D // [rows]; 1 / number of scored rows, 0 in an ignored row
  precision: Precision
  chunkRows: number // how many rows of logits may be held at a time
}

/** The gradients, all times `scale`: small numbers are kept away from the lower end of float16. */
export interface ScaledGradients {
  x: tf.Tensor2D
  weight: tf.Tensor2D
  scale: number // a power of two
}

/** One implementation of {@link linearCrossEntropy}. */
export interface LinearCrossEntropyKernel extends Kernel<LinearCrossEntropyRequest> {
  loss(inputs: LinearCrossEntropyInputs): tf.Scalar
  lossAndGradients(inputs: LinearCrossEntropyInputs): { loss: tf.Scalar; gradients: ScaledGradients }
}

/** Options of `linearCrossEntropy`. */
export interface LinearCrossEntropyOptions {
  /** Rows with this label are not scored; default -100. */
  ignoreIndex?: number
  /** How many rows of logits are held at a time; default as many as have 33 million logits (128 MiB), at least 64. */
  chunkRows?: number
  /** Which kernel runs. */
  kernels?: KernelPolicy
}
