import * as Plot from '@observablehq/plot'
import { SwatError } from '@swat-js/tensor-core'
import { lastPassMs } from './attention-figures.js'
import type { AttentionRow } from './attention-row.js'
import { contenderName } from './contender.js'

/** Mid-tones that stand out on white and on black. */
const colors = ['#3b82f6', '#16a34a', '#ea580c', '#a855f7', '#0891b2', '#db2777']
const symbols = ['circle', 'square', 'triangle', 'diamond', 'star', 'cross']
const [width, height, panelWidth, panelHeight, panelTop] = [860, 400, 410, 310, 80]

interface Point {
  series: string
  length: number
  milliseconds: number
  mebibytes: number | null
  extrapolated: boolean
}

/**
 * Draws time and memory of attention against the length, both axes logarithmic, as one SVG that is readable on light
 * and dark pages. Hollow points are extrapolated.
 *
 * @param rows - of one benchmark
 * @param document - what makes the elements: the browser's, or one of a library
 * @returns the SVG as text, the same for the same rows
 * @throws SwatError `benchmark` when there are no rows
 */
export function plotAttention(rows: readonly AttentionRow[], document: Document): string {
  if (rows.length === 0) {
    throw new SwatError('benchmark', 'plotAttention: rows must hold at least one row, but is empty.')
  }
  const points = rows.map((row): Point => {
    const { length, peakBytes, extrapolated } = row
    const mebibytes = peakBytes === null ? null : peakBytes / 2 ** 20
    return {
      ...{ series: contenderName(row), length, milliseconds: lastPassMs(row), mebibytes },
      extrapolated: extrapolated !== 1,
    }
  })
  const series = [...new Set(points.map(({ series }) => series))]
  const hollow = points.some(({ extrapolated }) => extrapolated) ? ', hollow points extrapolated' : ''
  const scales = {
    document,
    color: { domain: series, range: colors },
    symbol: { domain: series, range: symbols },
  }
  const lengths = [...new Set(points.map(({ length }) => length))].sort((a, b) => a - b)
  const panel = (points: readonly Point[], y: 'milliseconds' | 'mebibytes', label: string) => {
    const channels = { x: 'length', y, stroke: 'series' } as const
    const dots = { ...channels, symbol: 'series' } as const
    const powers = powersOfTen(points.map((point) => point[y] ?? NaN))
    return Plot.plot({
      ...scales,
      ...{ width: panelWidth, height: panelHeight, marginLeft: 60, marginBottom: 40, marginRight: 20 },
      x: { type: 'log', label: 'length (tokens)', ticks: lengths, tickFormat: thousands },
      y: {
        type: 'log',
        label,
        grid: true,
        domain: [powers[0], powers[powers.length - 1]],
        ticks: powers,
        tickFormat: thousands,
      },
      marks: [
        Plot.line(points, { ...channels, strokeWidth: 2 }),
        Plot.dot(
          points.filter(({ extrapolated }) => !extrapolated),
          { ...dots, fill: 'series' },
        ),
        Plot.dot(
          points.filter(({ extrapolated }) => extrapolated),
          { ...dots, fill: 'var(--paper)' },
        ),
      ],
    })
  }
  const names = series.map((name, place) => ({ name, place }))
  const legend = Plot.plot({
    ...scales,
    ...{ width, height: 24, margin: 0, marginLeft: 20 },
    x: { axis: null, domain: [0, 4] },
    y: { axis: null, domain: [0, 1] },
    marks: [
      Plot.dot(names, { x: 'place', y: 0.5, stroke: 'name', symbol: 'name', fill: 'name' }),
      Plot.text(names, { x: 'place', y: 0.5, text: 'name', textAnchor: 'start', dx: 10, fontSize: 12 }),
    ],
  })
  const { activation, window, batch, heads, kvHeads, headDim, backend } = rows[0]
  const windowed = rows.find(({ kind }) => kind === 'windowed')?.window ?? window
  const pass = rows[0].totalMs === null ? 'forward' : 'forward and backward'
  const grouped = heads === kvHeads ? '' : ` on ${kvHeads}`
  const title =
    `Attention, ${pass}: ${backend}, ${activation}, window ${windowed}, batch ${batch}, ` +
    `${heads}${grouped} heads of ${headDim}${hollow}`
  points.reverse() // what comes first in the table is drawn last, above the others
  const memory = points.filter(({ mebibytes }) => mebibytes !== null)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="swat-attention-plot" width="${width}" height="${height}" ` +
      `viewBox="0 0 ${width} ${height}" role="img" font-family="system-ui, sans-serif" fill="currentColor">`,
    `<title>${title}</title>`,
    '<style>.swat-attention-plot { color: #1f2328; --paper: #ffffff; }',
    '@media (prefers-color-scheme: dark) { .swat-attention-plot { color: #e6edf3; --paper: #0d1117; } }</style>',
    `<text x="20" y="24" font-size="15" font-weight="600">${title}</text>`,
    group(legend, 0, 38),
    group(panel(points, 'milliseconds', 'time (ms)'), 0, panelTop),
    group(panel(memory, 'mebibytes', 'peak memory beyond the inputs (MiB)'), width - panelWidth - 20, panelTop),
    '</svg>\n',
  ].join('\n')
}

/** From the one below the least to the one above the largest. */
function powersOfTen(values: readonly number[]): number[] {
  const logarithms = values.map((value) => Math.log10(value))
  const lowest = Math.floor(Math.min(...logarithms))
  const highest = Math.max(lowest + 1, Math.ceil(Math.max(...logarithms)))
  return Array.from({ length: highest - lowest + 1 }, (_, i) => 10 ** (lowest + i))
}

/** What a plot consists of, moved into another SVG. */
function group(plot: Element, x: number, y: number): string {
  for (const style of plot.querySelectorAll('style')) style.remove()
  return `<g transform="translate(${x},${y})" font-size="11" text-anchor="middle">${plot.innerHTML}</g>`
}

function thousands(value: number): string {
  return value.toLocaleString('en-US', { maximumSignificantDigits: 7 })
}
