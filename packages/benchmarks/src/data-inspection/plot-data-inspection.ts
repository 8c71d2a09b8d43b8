import * as Plot from '@observablehq/plot'
import type { DataInspection, LengthSummary } from '@swat-js/data'
import { significant, thousands } from '../report/numbers.js'
import { binName } from './format-data-inspection.js'

/** Mid-tones that stand out on white and on black. */
const colors = ['#3b82f6', '#ea580c'] as const
const [width, panelHeight, top] = [760, 260, 70]

/**
 * Draws the lengths of documents as one SVG that is readable on light and dark pages: a histogram in bytes and, where
 * there are tokens, one in tokens.
 *
 * @param name - what was looked at
 * @param inspection - of `inspectDocuments` or `inspectTokens`
 * @param document - what makes the elements: the browser's, or one of a library
 * @returns the SVG as text, the same for the same inspection
 */
export function plotDataInspection(name: string, inspection: DataInspection, document: Document): string {
  const { documents, bytesPerToken, duplicates, lengths } = inspection
  const panels = [draw('bytes', lengths.bytes, colors[0], document)]
  if (lengths.tokens !== null) panels.push(draw('tokens', lengths.tokens, colors[1], document))
  const height = top + panels.length * (panelHeight + 30)
  const compression = bytesPerToken === null ? '' : `, ${bytesPerToken.toFixed(3)} bytes per token`
  const title = escaped(`${name}: ${thousands(documents)} documents`)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="swat-data" width="${width}" height="${height}" ` +
      `viewBox="0 0 ${width} ${height}" role="img" font-family="system-ui, sans-serif" fill="currentColor">`,
    `<title>${title}</title>`,
    '<style>.swat-data { color: #1f2328; }',
    '@media (prefers-color-scheme: dark) { .swat-data { color: #e6edf3; } }</style>',
    `<text x="20" y="24" font-size="15" font-weight="600">${title}</text>`,
    `<text x="20" y="46" font-size="12">${thousands(inspection.bytes)} bytes${compression}; ` +
      `${thousands(duplicates.documents)} repeated</text>`,
    ...panels.map(({ label, plot }, index) => {
      const y = top + index * (panelHeight + 30)
      const heading = `<text x="60" y="${y + 4}" font-size="12" font-weight="600">${label}</text>`
      return `${heading}<g transform="translate(0,${y})" font-size="11" text-anchor="middle">${plot}</g>`
    }),
    '</svg>\n',
  ].join('\n')
}

function draw(unit: string, { bins, mean }: LengthSummary, fill: string, document: Document) {
  const bars = bins.map((bin) => ({ length: binName(bin), documents: bin.documents }))
  const plot = Plot.plot({
    ...{ document, width, height: panelHeight, marginLeft: 60, marginBottom: 60, marginRight: 20 },
    x: { domain: bars.map(({ length }) => length), label: unit, tickRotate: bars.length > 8 ? -30 : 0 },
    y: { label: null, grid: true, ticks: 5 },
    marks: [Plot.barY(bars, { x: 'length', y: 'documents', fill }), Plot.ruleY([0])],
  })
  for (const style of plot.querySelectorAll('style')) style.remove()
  return { label: `documents by length in ${unit}; ${significant(mean)} on average`, plot: plot.innerHTML }
}

function escaped(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;')
}
