import type { DataInspection } from '@swat-js/data'
import { parseHTML } from 'linkedom'
import { plotDataInspection } from '../plot-data-inspection.js'

/**
 * Draws the lengths of documents, without a browser; see `plotDataInspection`.
 *
 * @param name - what was looked at
 * @param inspection - of `inspectDocuments` or `inspectTokens`
 * @returns the SVG as text
 */
export function drawDataInspection(name: string, inspection: DataInspection): string {
  const { document } = parseHTML('<html><body></body></html>')
  return plotDataInspection(name, inspection, document)
}
