import * as Plot from '@observablehq/plot'
import { SwatError } from '@swat-js/tensor-core'
import type { AttentionMap, Inspection } from './inspection.js'

/** Mid-tones that stand out on white and on black. */
const colors = ['#3b82f6', '#16a34a', '#ea580c', '#a855f7', '#0891b2', '#db2777']
const [width, panelWidth, panelHeight, mapSize, mapsInRow] = [860, 400, 240, 190, 4]
/** Shades of a map: as many paths, however many weights there are. */
const shades = 12

/**
 * Draws an inspection as one SVG that is readable on light and dark pages: an attention map for each chosen head, the
 * variance of the tokens as they enter each layer, the influence of a token by its distance, the loss by the tokens
 * given.
 *
 * @param inspection - of `inspectModel`
 * @param document - what makes the elements: the browser's, or one of a library
 * @returns the SVG as text, the same for the same inspection
 * @throws SwatError `diagnostics` when there is no layer
 */
export function plotInspection(inspection: Inspection, document: Document): string {
  const { layers, maps, stretch, model, receptiveField } = inspection
  if (layers.length === 0) {
    throw new SwatError('diagnostics', 'plotInspection: inspection must have a layer at least, but has none.')
  }
  const { influence, loss } = receptiveField
  const mapRows = Math.ceil(maps.length / mapsInRow)
  const mapsTop = 74
  const curvesTop = mapsTop + mapRows * (mapSize + 30) + 24
  const height = curvesTop + 2 * (panelHeight + 40)
  const panel = (label: string, given: Plot.PlotOptions) => {
    const size = { width: panelWidth, height: panelHeight, marginLeft: 60, marginBottom: 40, marginRight: 20 }
    return { label, plot: Plot.plot({ document, ...size, ...given }) }
  }
  const tokens = layers.flatMap(({ variance }, layer) =>
    variance.map((variance, i) => ({ token: stretch.from + i, variance, layer: `layer ${layer}` })),
  )
  const distances = influence.norms.map((norm, distance) => ({ tokens: distance + 1, norm }))
  const visible = distances.filter(({ norm }) => norm > 0)
  const losses = loss.contexts.map((tokens, i) => ({ tokens, loss: loss.losses[i] }))
  const names = layers.map((_, layer) => `layer ${layer}`)
  const color = { domain: names, range: names.map((_, layer) => colorOf(layer, names.length)) }
  const panels = [
    panel('variance of tokens entering each layer', {
      color,
      x: { label: 'token' },
      y: { type: 'log', label: 'variance over channels', grid: true, ticks: 5, tickFormat: short },
      marks: [
        Plot.line(
          tokens.filter(({ variance }) => variance > 0),
          { x: 'token', y: 'variance', stroke: 'layer', strokeWidth: 1.2 },
        ),
      ],
    }),
    panel('attention received, mean over heads', {
      color,
      x: { label: 'token' },
      y: { label: 'mean weight', grid: true },
      marks: [
        Plot.line(
          layers.flatMap(({ received }, layer) =>
            received.map((received, i) => ({ token: stretch.from + i, received, layer: `layer ${layer}` })),
          ),
          { x: 'token', y: 'received', stroke: 'layer', strokeWidth: 1.2 },
        ),
      ],
    }),
    panel('influence on the loss; dashed: half and 95 % of the sum', {
      x: { label: 'tokens back (the first is itself)' },
      y: { type: 'log', label: 'norm of the gradient', grid: true, ticks: 5, tickFormat: short },
      marks: [
        Plot.line(visible, { x: 'tokens', y: 'norm', stroke: colors[0], strokeWidth: 1.5 }),
        Plot.ruleX(
          [influence.half, influence.most].filter(Number.isFinite).map((distance) => distance + 1),
          { stroke: colors[2], strokeDasharray: '4 3' },
        ),
      ],
    }),
    panel('loss by context', {
      x: { type: 'log', base: 2, label: 'tokens given', ticks: loss.contexts, tickFormat: whole },
      y: { label: 'loss (nats)', grid: true },
      marks: [
        Plot.line(losses, { x: 'tokens', y: 'loss', stroke: colors[1], strokeWidth: 1.5 }),
        Plot.dot(losses, { x: 'tokens', y: 'loss', fill: colors[1] }),
      ],
    }),
  ]
  const title =
    `${model.layers} layers, ${model.heads} heads, ${model.activation}: ` +
    `tokens ${stretch.from} to ${stretch.to - 1} of a text of ${inspection.textTokens}`
  const left = (place: number) => (place % 2) * (width - panelWidth)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="swat-inspection" width="${width}" height="${height}" ` +
      `viewBox="0 0 ${width} ${height}" role="img" font-family="system-ui, sans-serif" fill="currentColor">`,
    `<title>${title}</title>`,
    '<style>.swat-inspection { color: #1f2328; } .swat-inspection .map { fill: #2563eb; }',
    '@media (prefers-color-scheme: dark) {',
    '.swat-inspection { color: #e6edf3; } .swat-inspection .map { fill: #60a5fa; } }</style>',
    `<text x="20" y="24" font-size="15" font-weight="600">${title}</text>`,
    '<text x="20" y="46" font-size="12">Maps: a row for each query, downwards; a column for each key. ' +
      'Full colour: the largest weight of the map; shade: the root of its share.</text>',
    ...maps.map((map, i) => {
      const x = 20 + (i % mapsInRow) * ((width - 20) / mapsInRow)
      return drawMap(map, x, mapsTop + Math.floor(i / mapsInRow) * (mapSize + 30))
    }),
    ...panels.map(({ label, plot }, i) => {
      const [x, y] = [left(i), curvesTop + Math.floor(i / 2) * (panelHeight + 40)]
      const heading = `<text x="${x + 60}" y="${y - 8}" font-size="12" font-weight="600">${label}</text>`
      return heading + group(plot, x, y)
    }),
    legend(names, 60, curvesTop + panelHeight + 8),
    '</svg>\n',
  ].join('\n')
}

/** Squares of one shade are one path: an SVG of some kilobytes, whatever the number of weights. */
function drawMap({ layer, head, queries, keys, weights }: AttentionMap, x: number, y: number): string {
  // Sinks before the windows of a stretch in the middle stand where the stretch begins to see.
  const firstKey = Math.min(...keys.map((row) => row.findLast((key, i) => i === 0 || row[i - 1] !== key - 1) ?? 0))
  const span = queries[queries.length - 1] - firstKey + 1
  const largest = Math.max(...weights.flat())
  const paths = Array.from({ length: shades + 1 }, () => '')
  keys.forEach((row, query) => {
    row.forEach((key, i) => {
      if (key < firstKey || largest === 0) return
      paths[Math.round(shades * Math.sqrt(weights[query][i] / largest))] += `M${key - firstKey},${query}h1v1h-1z`
    })
  })
  const scale = [mapSize / span, mapSize / queries.length].map((factor) => factor.toFixed(4))
  const squares = paths.map((path, shade) =>
    shade === 0 || path === '' ? '' : `<path class="map" opacity="${(shade / shades).toFixed(3)}" d="${path}"/>`,
  )
  return (
    `<g transform="translate(${x.toFixed(1)},${y})">` +
    `<text y="12" font-size="12">layer ${layer}, head ${head}; largest ${Number(largest.toPrecision(2))}</text>` +
    `<rect y="18" width="${mapSize}" height="${mapSize}" fill="none" stroke="currentColor" stroke-opacity="0.3"/>` +
    `<g transform="translate(0,18) scale(${scale.join(',')})">${squares.join('')}</g></g>`
  )
}

function legend(names: readonly string[], x: number, y: number): string {
  const step = Math.ceil(names.length / 12)
  return names
    .map((name, layer) => {
      if (layer % step !== 0) return ''
      const place = x + (layer / step) * 64
      return (
        `<rect x="${place}" y="${y - 8}" width="9" height="9" fill="${colorOf(layer, names.length)}"/>` +
        `<text x="${place + 13}" y="${y}" font-size="11">${name}</text>`
      )
    })
    .join('')
}

/** Of few layers, each has a colour of its own; of many, neighbours have colours that are close. */
function colorOf(layer: number, layers: number): string {
  if (layers <= colors.length) return colors[layer]
  return `hsl(${Math.round(220 - (260 * layer) / (layers - 1) + 360) % 360},65%,50%)`
}

function short(value: number): string {
  return String(Number(value.toPrecision(2)))
}

function whole(value: number): string {
  return value.toLocaleString('en-US')
}

/** What a plot consists of, moved into another SVG. */
function group(plot: Element, x: number, y: number): string {
  for (const style of plot.querySelectorAll('style')) style.remove()
  return `<g transform="translate(${x},${y})" font-size="11" text-anchor="middle">${plot.innerHTML}</g>`
}
