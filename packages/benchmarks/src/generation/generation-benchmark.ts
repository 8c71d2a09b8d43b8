import type { SwatConfig } from '@swat-js/models'
import type { BenchmarkEvent } from '../attention/attention-benchmark.js'

/** What is measured. */
export interface GenerationBenchmarkOptions {
  /** The model; it must have a window. */
  config: SwatConfig
  /** Its name in the table; default `model`. */
  name?: string
  /** Tokens to generate; default 100,000. */
  tokens?: number
  /** Parts of the text that are told apart; default 10. */
  parts?: number
  /** Windows that are computed anew in each part, for comparison; default 20. */
  recomputed?: number
  /** Tells the bytes of the process, for the record, for example `process.memoryUsage.rss` of Node. */
  processBytes?: () => number
  /** Is told how far the work is. */
  report?: (event: BenchmarkEvent) => void
}

/** One part of the text. */
export interface GenerationRow {
  /** The first of its tokens. */
  from: number
  /** The token after its last. */
  to: number
  /** Milliseconds from one token to the next; median. */
  tokenMs: number
  /** Tokens by the time of all of them. */
  tokensPerSecond: number
  /** Milliseconds of a token whose whole window is computed for it; median. */
  recomputedTokenMs: number
  /** Tensors at its end beyond the parameters. */
  tensors: number
  /** Bytes of those tensors. */
  tensorBytes: number
  /** Bytes of WebAssembly memory at its end; null on other backends. */
  heapBytes: number | null
  /** Bytes of the process at its end; null where nobody tells them. */
  processBytes: number | null
}

/** What came out. */
export interface GenerationBenchmark {
  /** The options with their defaults. */
  options: Required<Omit<GenerationBenchmarkOptions, 'report' | 'processBytes'>>
  /** TensorFlow.js backend. */
  backend: string
  /** Weights of the model. */
  parameters: number
  /** Largest difference of a token's log-probability, in nats, between the cache and one whole forward pass. */
  maxError: number
  /** One for each part, in order. */
  rows: GenerationRow[]
}
