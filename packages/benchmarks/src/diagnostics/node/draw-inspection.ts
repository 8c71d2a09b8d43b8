import { parseHTML } from 'linkedom'
import type { Inspection } from '../inspection.js'
import { plotInspection } from '../plot-inspection.js'

/**
 * Draws an inspection, without a browser; see `plotInspection`.
 *
 * @param inspection - of `inspectModel`
 * @returns the SVG as text
 */
export function drawInspection(inspection: Inspection): string {
  const { document } = parseHTML('<html><body></body></html>')
  return plotInspection(inspection, document)
}
