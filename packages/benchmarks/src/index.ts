/**
 * Speed and memory of SWAT models: cases timed side by side, training steps, operation counts. And what they do with a
 * text: attention, sinks, variance of tokens, receptive field.
 *
 * @module @swat-js/benchmarks
 */
export { compareInterleaved } from './timing/compare-interleaved.js'
export type { TimedCase, TimedResult } from './timing/compare-interleaved.js'
export type { Clock } from './timing/timed-calls.js'
export { probeProduct } from './timing/probe-product.js'
export type { ProductProbe } from './timing/probe-product.js'
export { median } from './timing/median.js'
export { peakMemory } from './memory/peak-memory.js'
export type { PeakMemory, Watched } from './memory/peak-memory.js'

export { measureAttention } from './attention/measure-attention.js'
export type {
  AttentionBenchmark,
  AttentionBenchmarkOptions,
  AttentionGrowth,
  BenchmarkEvent,
} from './attention/attention-benchmark.js'
export type { AttentionKind, AttentionRow, SkippedBaseline } from './attention/attention-row.js'
export { formatAttention } from './attention/format-attention.js'
export { plotAttention } from './attention/plot-attention.js'

export { measureDecode } from './decode/measure-decode.js'
export type { DecodeBenchmark, DecodeBenchmarkOptions, DecodeRow } from './decode/decode-benchmark.js'
export { formatDecode } from './decode/format-decode.js'

export { measureGeneration } from './generation/measure-generation.js'
export type {
  GenerationBenchmark,
  GenerationBenchmarkOptions,
  GenerationRow,
} from './generation/generation-benchmark.js'
export { formatGeneration } from './generation/format-generation.js'

export { measureMatMul } from './mat-mul/measure-mat-mul.js'
export { benchmarkMatMul } from './mat-mul/benchmark-mat-mul.js'
export { formatMatMul } from './mat-mul/format-mat-mul.js'
export type { MatMulBenchmark, MatMulBenchmarkOptions, MatMulOptions, MatMulRow } from './mat-mul/mat-mul-benchmark.js'

export { measureTraining } from './training/measure-training.js'
export type {
  StockComparison,
  TimeShare,
  TrainingBenchmark,
  TrainingBenchmarkOptions,
  TrainingRow,
} from './training/training-benchmark.js'
export { formatTraining } from './training/format-training.js'
export { trainingCost } from './training/training-cost.js'
export type { TrainingCost } from './training/training-cost.js'

export { measureRecall } from './recall/measure-recall.js'
export type { RecallBenchmark, RecallBenchmarkOptions, RecallRow } from './recall/recall-benchmark.js'
export { formatRecall } from './recall/format-recall.js'

export { formatComparison } from './comparison/format-comparison.js'
export type { ComparedModel } from './comparison/compared-model.js'

export type { AttentionBand } from './diagnostics/attention-band.js'
export { correlation } from './diagnostics/correlation.js'
export type { Correlation } from './diagnostics/correlation.js'
export { effectiveReach } from './diagnostics/effective-reach.js'
export { largestLogit } from './diagnostics/largest-logit.js'
export type { LargestLogit } from './diagnostics/largest-logit.js'
export { receivedAttention } from './diagnostics/received-attention.js'
export type { ReceivedAttentionOptions } from './diagnostics/received-attention.js'
export { rowStatistics } from './diagnostics/row-statistics.js'
export type { RowStatistics } from './diagnostics/row-statistics.js'
export { sinkScore } from './diagnostics/sink-score.js'
export type { SinkScore, SinkScoreOptions } from './diagnostics/sink-score.js'
export { tokenVariance } from './diagnostics/token-variance.js'

export { inspectModel } from './diagnostics/inspect-model.js'
export type {
  AttentionMap,
  HeadInspection,
  Inspection,
  InspectionOptions,
  LayerInspection,
  ReceptiveFieldInspection,
  SinkInspection,
} from './diagnostics/inspection.js'
export { formatInspection } from './diagnostics/format-inspection.js'
export { plotInspection } from './diagnostics/plot-inspection.js'
export { formatLoading } from './loading/format-loading.js'
export type { LoadingBenchmark, LoadingOptions, LoadingRow } from './loading/loading-benchmark.js'

export { formatDataInspection } from './data-inspection/format-data-inspection.js'
export { plotDataInspection } from './data-inspection/plot-data-inspection.js'
