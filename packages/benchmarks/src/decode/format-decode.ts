import { alignColumns, type Column } from '../report/align-columns.js'
import { significant, thousands } from '../report/numbers.js'
import type { DecodeBenchmark, DecodeRow } from './decode-benchmark.js'

/**
 * The decode benchmark as text: a table, then how the time changes with the position.
 *
 * @param benchmark - what was measured
 * @returns lines
 */
export function formatDecode({ rows }: DecodeBenchmark): string {
  const sorted = [...rows].sort((a, b) => a.position - b.position)
  const [first, last] = [sorted[0], sorted[sorted.length - 1]]
  const ratio =
    `A token at position ${thousands(last.position)} takes ${significant(last.tokenMs / first.tokenMs)} times as long as ` +
    `one at position ${thousands(first.position)}.`
  return [...alignColumns(columns, rows, 1), ...(sorted.length > 1 ? ['', ratio] : [])].join('\n')
}

const columns: readonly Column<DecodeRow>[] = [
  ['position', ({ position }) => thousands(position)],
  ['kernel', ({ kernel }) => kernel],
  ['µs/call', ({ tokenMs }) => significant(1000 * tokenMs)],
  ['tokens/s', ({ tokenMs, batch }) => thousands((1000 * batch) / tokenMs)],
  ['spread', ({ spread }) => `±${Math.round((100 * spread) / 2)} %`],
  ['clock', ({ clock, repeats }) => (clock === 'gpu' || repeats === 1 ? clock : `${clock}, ${repeats} calls`)],
  ['cache bytes', ({ cacheBytes }) => thousands(cacheBytes)],
  ['max error', ({ maxError }) => maxError.toExponential(1)],
]
