import type { Precision, TunedMatMul } from '@swat-js/tensor-core'
import type { BenchmarkEvent } from '../attention/attention-benchmark.js'
import type { Clock } from '../timing/timed-calls.js'

/** A matrix product `[m, k]` times `[k, n]`. */
export interface MatMulOptions {
  /** Rows of the result. */
  m: number
  /** Columns of the result. */
  n: number
  /** Length of the inner products. */
  k: number
  /** Whether the left factor lies in memory as `[k, m]`; default false. */
  transposeA?: boolean
  /** Whether the right factor lies in memory as `[n, k]`; default false. */
  transposeB?: boolean
  /** What the product may be computed in; default float32. */
  precision?: Precision
  /** Timed rounds; default 7. */
  rounds?: number
}

/** One line of the benchmark: one product. */
export interface MatMulRow {
  /** TensorFlow.js backend. */
  backend: string
  /** What the product may be computed in. */
  precision: Precision
  /** Rows of the result. */
  m: number
  /** Columns of the result. */
  n: number
  /** Length of the inner products. */
  k: number
  /** Whether the left factor lies in memory as `[k, m]`. */
  transposeA: boolean
  /** Whether the right factor lies in memory as `[n, k]`. */
  transposeB: boolean
  /** How the device computes it, in words. */
  tiling: string
  /** Milliseconds of one product, median. */
  milliseconds: number
  /** Milliseconds of one product by the wall clock, several in a row. */
  wallMilliseconds: number
  /** Operations a second by `milliseconds`, in 10¹², a multiply-add counting as two. */
  tflops: number
  /** Which clock `milliseconds` is by. */
  clock: Clock
  /** Distance between the first and the third quartile as a share of the median. */
  spread: number
  /** Timed rounds. */
  rounds: number
  /** Largest error of sampled elements, relative to their largest magnitude. */
  maxError: number
}

/** What is measured by `benchmarkMatMul`. */
export interface MatMulBenchmarkOptions {
  /** The projections: m rows of k inputs to n outputs, so the right factor is the weight `[n, k]`. */
  shapes: readonly Pick<MatMulOptions, 'm' | 'n' | 'k'>[]
  /** Whether the products of the backward pass are measured too; default false. */
  gradients?: boolean
  /** What the products may be computed in; default float32. */
  precision?: Precision
  /** Whether the device's ways are tried first and the fastest is taken; default false. */
  tune?: boolean
  /** Timed rounds; default 7. */
  rounds?: number
  /** Is told how far the work is. */
  report?: (event: BenchmarkEvent) => void
}

/** What came out. */
export interface MatMulBenchmark {
  /** The options with their defaults. */
  options: Required<Omit<MatMulBenchmarkOptions, 'report'>>
  /** What tuning found; empty without it. */
  tuned: TunedMatMul[]
  /** One for each product. */
  rows: MatMulRow[]
}
