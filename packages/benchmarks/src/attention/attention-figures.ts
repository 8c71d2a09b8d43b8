import type { AttentionRow } from './attention-row.js'

/**
 * Milliseconds of the last pass that was timed: forward and backward, or forward alone.
 *
 * @param row - one line of the benchmark
 */
export function lastPassMs({ forwardMs, totalMs }: AttentionRow): number {
  return totalMs ?? forwardMs
}

/**
 * Microseconds of the last pass for one token.
 *
 * @param row - one line of the benchmark
 */
export function microsecondsPerToken(row: AttentionRow): number {
  return (1000 * lastPassMs(row)) / (row.batch * row.length)
}

/**
 * The rows of our own kernel with a window, which come first at each length.
 *
 * @param rows - of one benchmark
 */
export function ownRows(rows: readonly AttentionRow[]): AttentionRow[] {
  const first = rows.find(({ kind }) => kind === 'windowed')
  return rows.filter(({ kind, kernel }) => kind === 'windowed' && kernel === first?.kernel)
}
