import { alignColumns, type Column } from '../report/align-columns.js'
import { mebibytes, significant, thousands } from '../report/numbers.js'
import { median } from '../timing/median.js'
import type { GenerationBenchmark, GenerationRow } from './generation-benchmark.js'

/**
 * The generation benchmark as text: a table, then what changed from the first part to the last and what the cache
 * gains.
 *
 * @param benchmark - what was measured
 * @returns lines
 */
export function formatGeneration({ options, parameters, backend, maxError, rows }: GenerationBenchmark): string {
  const [first, last] = [rows[0], rows[rows.length - 1]]
  const { name, config } = options
  const ms = median(rows.map(({ tokenMs }) => tokenMs))
  const recomputed = median(rows.map(({ recomputedTokenMs }) => recomputedTokenMs))
  const change = 100 * (first.tokenMs / last.tokenMs - 1)
  const grown = last.tensorBytes - first.tensorBytes
  return [
    `${name} on ${backend}: ${thousands(parameters)} parameters, ${config.layers} layers, window ${config.window}. ` +
      `Largest error of a log-probability ${maxError.toExponential(1)} nats.`,
    '',
    ...alignColumns(columns, rows, -1),
    '',
    `From the first part to the last: tokens/s ${change < 0 ? '−' : '+'}${Math.abs(change).toFixed(1)} % (medians), ` +
      `tensors ${last.tensors - first.tensors}, their bytes ${grown}.`,
    `Computing the window anew takes ${significant(recomputed / ms)} times as long: ${significant(recomputed)} ms a token ` +
      `in place of ${significant(ms)} ms.`,
  ].join('\n')
}

const memory = (bytes: number | null) => (bytes === null ? '–' : mebibytes(bytes))

const columns: readonly Column<GenerationRow>[] = [
  ['up to token', ({ to }) => thousands(to)],
  ['ms/token', ({ tokenMs }) => significant(tokenMs)],
  ['tokens/s', ({ tokensPerSecond }) => thousands(tokensPerSecond)],
  ['recomputed ms/token', ({ recomputedTokenMs }) => significant(recomputedTokenMs)],
  ['tensors', ({ tensors }) => thousands(tensors)],
  ['their bytes', ({ tensorBytes }) => thousands(tensorBytes)],
  ['heap MiB', ({ heapBytes }) => memory(heapBytes)],
  ['process MiB', ({ processBytes }) => memory(processBytes)],
]
