import type { BenchmarkEvent } from '../attention/attention-benchmark.js'

/** What is trained, and what it is asked. */
export interface RecallBenchmarkOptions {
  /** Numbers of layers; a model is trained for each. */
  layers?: readonly number[]
  /** Keys that a query sees, itself included, in every layer; default 8. */
  window?: number
  /**
   * From the question back to the value, in tokens. Default: the farthest that each number of layers can see, and one
   * more, up to a layer more than there are.
   */
  distances?: readonly number[]
  /** Pairs that nobody asks for, between which the key must tell; default 0. */
  distractors?: number
  /** Channels of the models; default 32. */
  hiddenSize?: number
  /** Attention heads; default 2. */
  heads?: number
  /** Updates of each model; default 400. */
  steps?: number
  /** Examples of an update; default 32. */
  batchSize?: number
  /** Learning rate at most; default 0.005. */
  learningRate?: number
  /** Examples of the test, which training does not hold; default 1,000. */
  examples?: number
  /** Of parameters and examples; default 0. */
  seed?: number
  /** Is told how far the work is. */
  report?: (event: BenchmarkEvent) => void
}

/** What one model learned. */
export interface RecallRow {
  /** Its layers. */
  layers: number
  /** 1 + layers · (window − 1): values at a smaller distance can be seen. */
  receptiveField: number
  /** Its weights. */
  parameters: number
  /** Seconds of training. */
  seconds: number
  /** Share of right answers at each distance, in the order of the distances. */
  accuracies: number[]
}

/** What came out. */
export interface RecallBenchmark {
  /** The options with their defaults. */
  options: Required<Omit<RecallBenchmarkOptions, 'report'>>
  /** TensorFlow.js backend. */
  backend: string
  /** Share of right answers of a guess. */
  chance: number
  /** One for each number of layers. */
  rows: RecallRow[]
}
