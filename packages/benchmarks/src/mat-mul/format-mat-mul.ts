import { matMulName, type MatMulTrial } from '@swat-js/tensor-core'
import { alignColumns, type Column } from '../report/align-columns.js'
import { significant } from '../report/numbers.js'
import type { MatMulBenchmark, MatMulRow } from './mat-mul-benchmark.js'

/**
 * The benchmark as text: what tuning tried, product by product, then a table of the products.
 *
 * @param benchmark - what was measured
 * @returns lines
 */
export function formatMatMul({ tuned, rows }: MatMulBenchmark): string {
  const tables = tuned.flatMap(({ shape, trials }) => [
    `Tried for ${matMulName(shape)} in ${shape.precision}:`,
    ...alignColumns(trialColumns, trials, 0),
    '',
  ])
  return [...tables, ...alignColumns(columns, rows, 1)].join('\n')
}

const exponential = (value: number) => value.toExponential(1)

const columns: readonly Column<MatMulRow>[] = [
  ['product', matMulName],
  ['tiling', ({ tiling }) => tiling],
  ['ms', ({ milliseconds }) => significant(milliseconds)],
  ['wall ms', ({ wallMilliseconds }) => significant(wallMilliseconds)],
  ['TFLOP/s', ({ tflops }) => significant(tflops)],
  ['spread', ({ spread }) => `±${Math.round((100 * spread) / 2)} %`],
  ['clock', ({ clock }) => clock],
  ['max error', ({ maxError }) => exponential(maxError)],
]

const trialColumns: readonly Column<MatMulTrial>[] = [
  ['tiling', ({ tiling }) => tiling],
  ['ms', ({ milliseconds }) => significant(milliseconds)],
  ['TFLOP/s', ({ tflops }) => significant(tflops)],
  ['max error', ({ maxError }) => exponential(maxError)],
  ['', ({ chosen, ruled }) => [...(chosen ? ['chosen'] : []), ...(ruled ? ['by the rule'] : [])].join(', ')],
]
