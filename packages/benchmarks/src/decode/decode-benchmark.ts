import type { AttentionActivation } from '@swat-js/swat-attention'
import type { KernelName, Precision } from '@swat-js/tensor-core'
import type { BenchmarkEvent } from '../attention/attention-benchmark.js'
import type { Clock } from '../timing/timed-calls.js'

/** What is measured. */
export interface DecodeBenchmarkOptions {
  /** Absolute positions at which tokens are decoded. */
  positions: readonly number[]
  /** Number of keys a query sees, itself included. */
  window: number
  /** Number of query heads. */
  heads: number
  /** Number of key and value heads; default `heads`. */
  kvHeads?: number
  /** Size of a head. */
  headDim: number
  /** Number of sequences; default 1. */
  batch?: number
  /** What turns logits into weights; default sigmoid. */
  activation?: AttentionActivation
  /** What the kernels may compute in; default float32. */
  precision?: Precision
  /** Timed rounds; default 15. */
  rounds?: number
  /** Is told how far the work is. */
  report?: (event: BenchmarkEvent) => void
}

/** One line of the decode benchmark: one new token a sequence, at one place. */
export interface DecodeRow {
  /** TensorFlow.js backend. */
  backend: string
  /** Which of our kernels. */
  kernel: KernelName
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
  /** Number of keys a query sees, itself included. */
  window: number
  /** What turns logits into weights. */
  activation: AttentionActivation
  /** Absolute position of the first token that was decoded. */
  position: number
  /** Milliseconds of one call, which decodes one token of every sequence; median. */
  tokenMs: number
  /** Milliseconds of one call by the wall clock. */
  tokenWallMs: number
  /** Which clock `tokenMs` is by. */
  clock: Clock
  /** Distance between the first and the third quartile as a share of the median. */
  spread: number
  /** Timed rounds. */
  rounds: number
  /** Calls in a row that the wall clock measured together. */
  repeats: number
  /** Bytes of the cache. */
  cacheBytes: number
  /** Largest error of the first token's output against the reference, relative to its largest magnitude. */
  maxError: number
}

/** What came out. */
export interface DecodeBenchmark {
  /** The options with their defaults. */
  options: Required<Omit<DecodeBenchmarkOptions, 'report'>>
  /** One for each position. */
  rows: DecodeRow[]
}
