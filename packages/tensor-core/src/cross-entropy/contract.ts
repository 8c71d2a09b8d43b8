import type { Kernel, KernelPolicy, KernelRequest } from '../kernels/kernel.js'
import type { tf } from '../tf.js'

/** What the op tells its kernels about a call. */
export interface CrossEntropyRequest extends KernelRequest {
  /** Number of predictions. */
  rows: number
  /** Number of classes of a prediction. */
  vocabSize: number
}

/** Inputs of a kernel, already checked. */
export interface CrossEntropyInputs {
  logits: tf.Tensor2D // [rows, vocabSize]
  labels: tf.Tensor1D // int32 [rows]; in an ignored row any class
  rowWeights: tf.Tensor1D // [rows]; 1 / number of scored rows, 0 in an ignored row
}

/** One implementation of {@link crossEntropy}. */
export interface CrossEntropyKernel extends Kernel<CrossEntropyRequest> {
  forward(inputs: CrossEntropyInputs): tf.Scalar
  backward(inputs: CrossEntropyInputs, outputGradient: tf.Scalar): { logits: tf.Tensor2D }
}

/** Options of `crossEntropy`. */
export interface CrossEntropyOptions {
  /** Rows with this label are not scored; default -100. */
  ignoreIndex?: number
  /** Which kernel runs. */
  kernels?: KernelPolicy
}
