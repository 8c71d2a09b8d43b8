import type { AttentionActivation } from '@swat-js/swat-attention'
import type { Precision } from '@swat-js/tensor-core'
import type { AttentionRow, SkippedBaseline } from './attention-row.js'

/** What is measured. */
export interface AttentionBenchmarkOptions {
  /** Tokens of a sequence, several lengths one after the other. */
  lengths: readonly number[]
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
  /** Leaves the backward pass out. */
  forwardOnly?: boolean
  /** Whether the composite kernel, dense attention and full attention are measured beside; default true. */
  baselines?: boolean
  /** Seconds that a baseline may take at each length; what takes longer is measured smaller or skipped. Default 30. */
  baselineBudget?: number
  /** Timed rounds; default 7. */
  rounds?: number
  /** Is told how far the work is. */
  report?: (event: BenchmarkEvent) => void
}

/** What a benchmark tells while it goes on. */
export type BenchmarkEvent =
  | {
      /** How far it is. */
      event: 'progress'
      /** The task. */
      task: 'benchmark'
      /** Rounds done. */
      done: number
      /** Rounds in all. */
      total: number
    }
  | {
      /** Something one should know. */
      event: 'notice'
      /** A sentence. */
      text: string
    }

/** What came out. */
export interface AttentionBenchmark {
  /** The options with their defaults. */
  options: Required<Omit<AttentionBenchmarkOptions, 'report'>>
  /** One for each length and method. */
  rows: AttentionRow[]
  /** Baselines that were too large or too slow. */
  skipped: SkippedBaseline[]
  /** How our kernel's cost grows with the length; null for a single length. */
  growth: AttentionGrowth | null
}

/** How the cost of a token at the longest length compares with that at the shortest; 1 = proportional to length. */
export interface AttentionGrowth {
  /** The shortest length. */
  from: number
  /** The longest length. */
  to: number
  /** Time of a token at `to` over that at `from`, both timed in turn in the same rounds. */
  timePerToken: number
  /** Peak bytes of a token at `to` over those at `from`. */
  bytesPerToken: number
}
