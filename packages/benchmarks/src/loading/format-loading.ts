import { alignColumns, type Column } from '../report/align-columns.js'
import { significant, thousands } from '../report/numbers.js'
import type { LoadingBenchmark, LoadingRow } from './loading-benchmark.js'

/**
 * The loading benchmark as text.
 *
 * @param benchmark - what was measured
 * @returns lines: what was read, then a table
 */
export function formatLoading({ options, tokens, documentCount, dtype, rows }: LoadingBenchmark): string {
  return [
    `${options.folder}: ${thousands(tokens)} tokens (${dtype}) of ${thousands(documentCount)} documents, shuffled, ` +
      `${options.documents}. Batches read ahead are those read at once.`,
    '',
    ...alignColumns(columns, rows, -1),
  ].join('\n')
}

const millions = (tokensPerSecond: number) => significant(tokensPerSecond / 1e6)

const columns: readonly Column<LoadingRow>[] = [
  ['length', ({ length }) => thousands(length)],
  ['sequences', ({ batchSize }) => thousands(batchSize)],
  ['million tokens/s', ({ tokensPerSecond }) => millions(tokensPerSecond)],
  ['read ahead', ({ prefetchedTokensPerSecond }) => millions(prefetchedTokensPerSecond)],
]
