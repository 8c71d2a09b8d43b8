/** Title of a column, and what stands in it. */
export type Column<Row> = readonly [title: string, cell: (row: Row) => string]

/**
 * A table as lines of text: numbers to the right, one column of names to the left.
 *
 * @param columns - in order
 * @param rows - in order
 * @param names - index of the column of names
 * @returns the line of titles and a line for each row
 */
export function alignColumns<Row>(columns: readonly Column<Row>[], rows: readonly Row[], names: number): string[] {
  const cells = [columns.map(([title]) => title), ...rows.map((row) => columns.map(([, cell]) => cell(row)))]
  const widths = columns.map((_, i) => Math.max(...cells.map((line) => line[i].length)))
  const align = (cell: string, i: number) => (i === names ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))
  return cells.map((line) => line.map(align).join('  ').trimEnd())
}
