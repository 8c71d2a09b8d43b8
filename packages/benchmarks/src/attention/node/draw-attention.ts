import { parseHTML } from 'linkedom'
import type { AttentionRow } from '../attention-row.js'
import { plotAttention } from '../plot-attention.js'

/**
 * Draws time and memory of attention against the length, without a browser; see `plotAttention`.
 *
 * @param rows - of one benchmark
 * @returns the SVG as text
 */
export function drawAttention(rows: readonly AttentionRow[]): string {
  const { document } = parseHTML('<html><body></body></html>')
  return plotAttention(rows, document)
}
