import { describeWindow } from '@swat-js/models'
import { describeMatMulChoices } from '@swat-js/tensor-core'
import { alignColumns, type Column } from '../report/align-columns.js'
import { mebibytes, significant, thousands } from '../report/numbers.js'
import type { TimeShare, TrainingBenchmark, TrainingRow } from './training-benchmark.js'

const most = 16

/**
 * The training benchmark as text: speed, memory, how much of the device's products it uses, and where the time goes.
 *
 * @param benchmark - what was measured
 * @returns lines
 */
export function formatTraining({ choices, rows }: TrainingBenchmark): string {
  const tuned = choices.length > 0 ? ['', 'Matrix products, as measured:', describeMatMulChoices(choices)] : []
  const tables = rows.flatMap((row) => [...describe(row), ...(row.shares ? ['', ...sharesOf(row.shares)] : [])])
  return [...tables, ...tuned].join('\n')
}

function describe(row: TrainingRow): string[] {
  const window = describeWindow(row.window)
  const again = row.checkpointActivations ? ', activations computed again' : ''
  const spread = `±${Math.round((100 * row.spread) / 2)} %`
  return [
    `${row.model}: ${thousands(row.parameters)} parameters, batch ${row.batch} × ${thousands(row.length)}, ${window}, ` +
      `${row.precision} on ${row.backend}${again}`,
    `  speed   ${thousands(row.tokensPerSecond)} tokens/s, ${significant(row.stepMs)} ms a step ${spread}, ` +
      `median of ${row.steps}`,
    `  memory  ${mebibytes(row.peakBytes)} MiB at most (planned ${mebibytes(row.plannedBytes)}), ` +
      `${mebibytes(row.stateBytes)} between steps`,
    `  use     ${significant(row.modelTflops)} TFLOP/s of the model = ${significant(100 * row.utilisation)} % of ` +
      `${significant(row.probeTflops)} (${row.probe})`,
    ...(row.stock
      ? [
          `  stock   ${significant(row.stock.stepMs)} ms a step in TensorFlow.js's own ops, ${significant(row.stock.ratio)} ` +
            `times ours in turn; first losses differ by ${row.stock.lossDifference.toExponential(1)}`,
        ]
      : []),
    `  loss    ${row.firstLoss.toFixed(4)} at first, ${row.lastLoss.toFixed(4)} at last (random tokens)`,
  ]
}

function sharesOf(shares: readonly TimeShare[]): string[] {
  const rest = shares.slice(most)
  const sum = (pick: (share: TimeShare) => number) => rest.reduce((total, share) => total + pick(share), 0)
  const others: TimeShare[] =
    rest.length === 0
      ? []
      : [
          {
            shader: `${rest.length} others`,
            dispatches: sum(({ dispatches }) => dispatches),
            milliseconds: sum(({ milliseconds }) => milliseconds),
            share: sum(({ share }) => share),
          },
        ]
  return alignColumns(columns, [...shares.slice(0, most), ...others], 0)
}

const columns: readonly Column<TimeShare>[] = [
  ['shader', ({ shader }) => shader],
  ['dispatches', ({ dispatches }) => thousands(dispatches)],
  ['ms', ({ milliseconds }) => significant(milliseconds)],
  ['share', ({ share }) => `${(100 * share).toFixed(1)} %`],
]
