import type { AttentionActivation } from '@swat-js/swat-attention'
import type { KernelName, Precision } from '@swat-js/tensor-core'
import type { Clock } from '../timing/timed-calls.js'

/**
 * What was measured: `windowed`, one of our kernels; `full`, our kernel without a window, every query sees all earlier
 * keys; `dense`, the windowed problem as masked dense attention in TensorFlow.js.
 */
export type AttentionKind = 'windowed' | 'full' | 'dense'

/** One line of the attention benchmark: one way to compute, at one length. */
export interface AttentionRow {
  /** TensorFlow.js backend. */
  backend: string
  /** Which of our kernels; null for attention of TensorFlow.js ops. */
  kernel: KernelName | null
  /** What was measured. */
  kind: AttentionKind
  /** What the kernel may compute in. */
  precision: Precision
  /** Number of sequences. */
  batch: number
  /** Number of query heads. */
  heads: number
  /** Number of key and value heads. */
  kvHeads: number
  /** Size of a head. */
  headDim: number
  /** Number of keys a query sees, itself included; null = every earlier key. */
  window: number | null
  /** What turns logits into weights. */
  activation: AttentionActivation
  /** Tokens of a sequence. */
  length: number
  /** Milliseconds of a forward pass, median. */
  forwardMs: number
  /** Milliseconds of a forward and backward pass, median; null after forward passes alone. */
  totalMs: number | null
  /**
   * `gpu`: time stamps of the GPU, summed over its shaders; `wall`: time from the call until the result is there, over
   * `repeats` calls in a row.
   */
  clock: Clock
  /** Milliseconds of a forward pass by the wall clock, median. */
  forwardWallMs: number
  /** The same of a forward and backward pass; null after forward passes alone. */
  totalWallMs: number | null
  /** Distance between the first and the third quartile of the last of the two passes, as a share of its median. */
  spread: number
  /** Timed rounds. */
  rounds: number
  /** Calls in a row that the wall clock measured together. */
  repeats: number
  /** The most bytes in use beyond the inputs during the last of the two passes; null where that was not measured. */
  peakBytes: number | null
  /** Bytes of the results of that pass: the output, and after a backward pass three gradients. */
  resultBytes: number
  /** Bytes by which WebAssembly memory grew in the first call; null on other backends. */
  heapGrowthBytes: number | null
  /** Operations that the visible pairs need in that pass, a multiply-add counting as two (spec 3.3). */
  operations: number
  /** 10¹² of these operations a second. */
  tflops: number
  /** 10¹² operations a second of TensorFlow.js's own float32 matrix product, timed in the same rounds. */
  matMulTflops: number
  /**
   * Largest error against the reference, relative to the largest magnitude of each tensor: outputs, and gradients where
   * there are any.
   */
  maxError: number
  /** Which rows were compared, in words. */
  compared: string
  /** Query heads that were computed at a time; `heads` where memory sets no limit. */
  headsAtOnce: number
  /** 1 = measured as it is; k = a smaller problem was measured and its times multiplied by k. */
  extrapolated: number
  /** What was measured instead, in words; null when it is the row's own problem. */
  measured: string | null
}

/** A baseline that was not measured. */
export interface SkippedBaseline {
  /** Tokens of a sequence. */
  length: number
  /** Which baseline. */
  kind: AttentionKind
  /** Why. */
  reason: string
}
