import { attentionCost } from '@swat-js/swat-attention'
import { alignColumns, type Column } from '../report/align-columns.js'
import { mebibytes, significant, thousands } from '../report/numbers.js'
import type { AttentionBenchmark, AttentionGrowth } from './attention-benchmark.js'
import { lastPassMs, microsecondsPerToken, ownRows } from './attention-figures.js'
import type { AttentionRow } from './attention-row.js'
import { contenderName } from './contender.js'

/**
 * The attention benchmark as text: a table, then what it comes to.
 *
 * @param benchmark - what was measured
 * @returns lines
 */
export function formatAttention({ rows, skipped, growth }: AttentionBenchmark): string {
  return [
    ...alignColumns(columns, rows, 1),
    ...rows.flatMap((row) => (row.measured === null ? [] : [extrapolation(row)])),
    ...skipped.map(
      ({ length, kind, reason }) => `${kind} attention at length ${thousands(length)} was skipped: ${reason}.`,
    ),
    '',
    ...costLines(rows),
    ...ratioLines(rows),
    ...growthLines(growth),
  ].join('\n')
}

const columns: readonly Column<AttentionRow>[] = [
  ['length', ({ length }) => thousands(length)],
  ['attention', (row) => contenderName(row)],
  ['forward ms', ({ forwardMs, extrapolated }) => `${mark(extrapolated)}${significant(forwardMs)}`],
  [
    'total ms',
    ({ totalMs, extrapolated }) => (totalMs === null ? '–' : `${mark(extrapolated)}${significant(totalMs)}`),
  ],
  ['spread', ({ spread, rounds }) => (rounds === 1 ? '1 round' : `±${Math.round((100 * spread) / 2)} %`)],
  ['clock', ({ clock, repeats }) => (clock === 'gpu' || repeats === 1 ? clock : `${clock}, ${repeats} calls`)],
  ['µs/token', (row) => significant(microsecondsPerToken(row))],
  ['GFLOP/s', ({ tflops }) => significant(1000 * tflops)],
  ['peak MiB', ({ peakBytes }) => (peakBytes === null ? '–' : mebibytes(peakBytes))],
  ['bytes/token', ({ peakBytes, batch, length }) => (peakBytes === null ? '–' : thousands(peakBytes / batch / length))],
  ['beyond results', ({ peakBytes, resultBytes }) => (peakBytes === null ? '–' : mebibytes(peakBytes - resultBytes))],
  ['heads at once', ({ headsAtOnce }) => String(headsAtOnce)],
  ['max error', ({ maxError }) => maxError.toExponential(1)],
]

/** Marks times that stand for more than was measured. */
const mark = (extrapolated: number) => (extrapolated === 1 ? '' : '≈')

function extrapolation(row: AttentionRow): string {
  const { length, measured, extrapolated } = row
  return `≈ ${contenderName(row)} at length ${thousands(length)}: measured ${measured}, extrapolated ×${significant(extrapolated)}.`
}

function costLines(rows: readonly AttentionRow[]): string[] {
  return ownRows(rows).map((row) => {
    const { length, window, heads, kvHeads, headDim, batch, operations, matMulTflops, forwardMs } = row
    const ideal = operations / matMulTflops / 1e9
    const { forwardBytes } = attentionCost({ length, window, heads, kvHeads, headDim })
    return (
      `${contenderName(row)} at length ${thousands(length)}: ${significant(operations / 1e9)} GFLOP; at the rate of ` +
      `TensorFlow.js's float32 products in the same rounds, ${significant(1000 * matMulTflops)} GFLOP/s, that is ` +
      `${significant(ideal)} ms, and it took ${significant(lastPassMs(row) / ideal)} times as long. The forward pass ` +
      `moved its ${mebibytes(batch * forwardBytes)} MiB at ${significant((batch * forwardBytes) / forwardMs / 1e6)} GB/s.`
    )
  })
}

function ratioLines(rows: readonly AttentionRow[]): string[] {
  return ownRows(rows).flatMap((own) => {
    const others = rows.filter((row) => row.length === own.length && row !== own)
    if (others.length === 0) return []
    const ratios = others.map((row) => {
      const ratio = `${mark(row.extrapolated)}${significant(lastPassMs(row) / lastPassMs(own))}`
      return `${contenderName(row)} takes ${ratio} times as long`
    })
    return [`At length ${thousands(own.length)}, beside ${contenderName(own)}: ${ratios.join(', ')}.`]
  })
}

function growthLines(growth: AttentionGrowth | null): string[] {
  if (growth === null) return []
  const { from, to, timePerToken, bytesPerToken } = growth
  const percent = (ratio: number) => `${ratio < 1 ? '−' : '+'}${Math.abs(100 * (ratio - 1)).toFixed(1)} %`
  return [
    `From length ${thousands(from)} to ${thousands(to)}, timed in turn: time per token ${percent(timePerToken)}, ` +
      `bytes per token ${percent(bytesPerToken)}.`,
  ]
}
