import type { SwatConfig } from '@swat-js/models'
import type { MatMulChoice, MatMulShape, Precision } from '@swat-js/tensor-core'
import type { BenchmarkEvent } from '../attention/attention-benchmark.js'

/** What is measured. */
export interface TrainingBenchmarkOptions {
  /** The model. */
  config: SwatConfig
  /** What to call it in the result, for example its preset; default `model`. */
  name?: string
  /** Sequences a step. */
  batchSize: number
  /** Tokens a sequence. */
  length: number
  /** What the kernels may compute in; default float32. */
  precision?: Precision
  /** Keep the input of each block only; default false. */
  checkpointActivations?: boolean
  /** Timed steps; default 10. */
  steps?: number
  /** Untimed steps before; default 3. */
  warmUp?: number
  /** Measure the same model in TensorFlow.js's own ops beside it; default false. */
  stock?: boolean
  /**
   * Decides, on the webgpu engine, how the matrix products of the step are computed, for example by `tuneMatMul`; by
   * default the rule does.
   */
  tune?: (products: MatMulShape[]) => Promise<unknown>
  /** Is told how far the work is. */
  report?: (event: BenchmarkEvent) => void
}

/** A part of the time of a step. */
export interface TimeShare {
  /** Name of the shader. */
  shader: string
  /** Dispatches in a step. */
  dispatches: number
  /** Milliseconds of a step. */
  milliseconds: number
  /** Of the GPU's time, from 0 to 1. */
  share: number
}

/** What training a model takes. */
export interface TrainingRow {
  /** Name of the model. */
  model: string
  /** TensorFlow.js backend. */
  backend: string
  /** What the kernels may compute in. */
  precision: Precision
  /** Number of weights. */
  parameters: number
  /** Sequences a step. */
  batch: number
  /** Tokens a sequence. */
  length: number
  /** Number of keys a query sees; null = all before it. */
  window: SwatConfig['window']
  /** Whether activations are computed again in the backward pass. */
  checkpointActivations: boolean
  /** Milliseconds from the end of a step to the end of the next, median. */
  stepMs: number
  /** Distance between the first and the third quartile as a share of the median. */
  spread: number
  /** Timed steps. */
  steps: number
  /** Tokens a second at the median. */
  tokensPerSecond: number
  /** Bytes between steps: weights and moments. */
  stateBytes: number
  /** Most bytes during a step, those included. */
  peakBytes: number
  /** What `trainingMemory` predicts for that. */
  plannedBytes: number
  /** Operations of the model a second at the median, as `trainingCost` counts them, in units of 10¹². */
  modelTflops: number
  /** Operations a second of a large matrix product in the same run, in units of 10¹². */
  probeTflops: number
  /** The product that was probed. */
  probe: string
  /** `modelTflops` as a share of `probeTflops`. */
  utilisation: number
  /** Loss of the first step, nats; of a fresh model about log(vocabSize). */
  firstLoss: number
  /** Loss of the last step. */
  lastLoss: number
  /** The comparison with TensorFlow.js's own ops; null when it was not asked for. */
  stock: StockComparison | null
  /** Where the time of a step goes by the GPU's time stamps, longest first; null where there are none. */
  shares: TimeShare[] | null
}

/** The same model trained by TensorFlow.js's own ops, its steps timed in turn with ours. */
export interface StockComparison {
  /** Milliseconds of a step, median. */
  stepMs: number
  /** How many times longer that is than our step, median of the rounds. */
  ratio: number
  /** Difference of the first losses, which are of the same weights and tokens, as a share. */
  lossDifference: number
}

/** What came out. */
export interface TrainingBenchmark {
  /** What was asked. */
  options: Omit<TrainingBenchmarkOptions, 'report' | 'tune'>
  /** How matrix products are computed, where that was measured. */
  choices: MatMulChoice[]
  /** One row. */
  rows: TrainingRow[]
}
