import { alignColumns, type Column } from '../report/align-columns.js'
import { thousands } from '../report/numbers.js'
import type { ComparedModel } from './compared-model.js'

const columns: readonly Column<ComparedModel>[] = [
  ['model', ({ model }) => model],
  ['parameters', ({ parameters }) => thousands(parameters)],
  ['bits per byte', ({ bitsPerByte }) => bitsPerByte.toFixed(3)],
  ['as one stream', ({ streamBitsPerByte }) => streamBitsPerByte.toFixed(3)],
  ['learning rate', ({ learningRate }) => String(learningRate)],
  ['tokens/s', ({ tokensPerSecond }) => thousands(tokensPerSecond)],
]

/**
 * A comparison as text.
 *
 * @param rows - one for each model
 * @returns lines: the table, and what all rows share
 */
export function formatComparison(rows: readonly ComparedModel[]): string {
  if (rows.length === 0) return 'No run was finished.'
  const [{ gzipBitsPerByte, tokens, backend }] = rows
  return [
    ...alignColumns(columns, rows, 0),
    '',
    `Each on ${thousands(tokens)} tokens, on ${backend}, with the best of its learning rates. gzip -9 needs ` +
      `${gzipBitsPerByte.toFixed(3)} bits per byte of the same text.`,
  ].join('\n')
}
