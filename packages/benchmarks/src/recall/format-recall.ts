import { alignColumns, type Column } from '../report/align-columns.js'
import { significant, thousands } from '../report/numbers.js'
import type { RecallBenchmark } from './recall-benchmark.js'

/**
 * What models recall, as text: a row for each distance, a column for each model.
 *
 * @param benchmark - what was measured
 * @returns lines
 */
export function formatRecall({ options, backend, chance, rows }: RecallBenchmark): string {
  const { window, distances, steps, batchSize, examples, distractors } = options
  const columns: Column<number>[] = [
    ['distance', (index) => String(distances[index])],
    ...rows.map(({ layers, receptiveField, accuracies }): Column<number> => [
      `${layers} ${layers === 1 ? 'layer' : 'layers'}`,
      (index) => `${share(accuracies[index])}${distances[index] < receptiveField ? ' ' : '*'}`,
    ]),
  ]
  const seconds = rows.reduce((sum, row) => sum + row.seconds, 0)
  return [
    `Key-value recall on ${backend}: right answers by distance, window ${window}, ${distractors} distractors. ` +
      `A guess is right in ${share(chance)}.`,
    '',
    ...alignColumns(columns, Array.from(distances.keys()), -1),
    '',
    `* outside the receptive field, ${rows.map((row) => row.receptiveField).join(', ')} tokens: 1 + layers · (window − 1).`,
    `${thousands(steps * batchSize)} examples of training for each model, ${significant(seconds)} s for all; ` +
      `${thousands(examples)} others to test.`,
  ].join('\n')
}

function share(value: number): string {
  return `${(100 * value).toFixed(0)} %`
}
