// Draws docs/images/attention-tiles.svg: which pairs the window lets through, the tiles in which the passes of the
// webgpu kernel visit them, and what a workgroup holds. Visibility comes from `inWindow`, sizes from the kernel.
import { inWindow } from '@swat-js/swat-attention'
import type { TileShape } from '../../../packages/swat-attention/src/kernels/webgpu/arithmetic.js'
import { type PassName, passes } from '../../../packages/swat-attention/src/kernels/webgpu/pass.js'
import { scalarArithmetic } from '../../../packages/swat-attention/src/kernels/webgpu/scalar-arithmetic.js'
import { savePicture } from './save-picture.js'

const [length, window, headDim] = [320, 128, 64]
const pixels = 0.75 // a token
const side = length * pixels
const [blue, red, grey] = ['#0969da', '#cf222e', '#57606a']

const shapeOf = (pass: PassName): TileShape => scalarArithmetic({ headDim, plan: passes[pass] }).shape
const text = (x: number, y: number, content: string, extra = '') => `<text x="${x}" y="${y}" ${extra}>${content}</text>`
const tokens = Array.from({ length }, (_, i) => i)

/** A run of tokens, from the first to the last of those that fulfil a condition. */
function runOf(condition: (token: number) => boolean): { first: number; last: number } {
  const found = tokens.filter(condition)
  return { first: found[0], last: found[found.length - 1] }
}

/** The visible pairs, as an outline. */
function band(x: number, y: number): string {
  const seen = tokens.map((m) => runOf((n) => inWindow(m, n, window)))
  const corners = [...seen.map(({ last }, m) => [last + 1, m]), ...seen.map(({ first }, m) => [first, m + 1]).reverse()]
  const turns = corners.filter(([column, row], i) => {
    const [before, after] = [corners[i - 1], corners[i + 1]]
    if (!before || !after) return true
    return (column - before[0]) * (after[1] - row) !== (after[0] - column) * (row - before[1])
  })
  const points = turns.map(([column, row]) => `${x + column * pixels},${y + row * pixels}`)
  return `<polygon points="${points.join(' ')}" fill="#d0d7de" fill-opacity="0.6"/>`
}

interface Box {
  row: number
  column: number
  rows: number
  columns: number
}

function rectangle(x: number, y: number, { row, column, rows, columns }: Box, style: string): string {
  const [left, top] = [x + column * pixels, y + row * pixels]
  return `<rect x="${left}" y="${top}" width="${columns * pixels}" height="${rows * pixels}" ${style}/>`
}

/** Tiles of one workgroup: `kept` tokens stay, runs of `step` tokens of the other kind stream past them. */
function steps(kept: { first: number; size: number }, step: number, sees: (kept: number, other: number) => boolean) {
  const stays = tokens.slice(kept.first, kept.first + kept.size)
  const { first, last } = runOf((token) => stays.some((one) => sees(one, token)))
  const count = Math.ceil((last + 1 - first) / step)
  return Array.from({ length: count }, (_, i) => {
    const start = first + i * step
    return { start, size: Math.min(step, last + 1 - start) }
  })
}

function panel(x: number, y: number, title: string, boxes: Box[], color: string, note: string): string {
  return [
    text(x, y - 12, title, 'font-weight="600"'),
    band(x, y),
    ...boxes.map((box, i) =>
      [
        rectangle(x, y, box, `fill="${color}" fill-opacity="0.16" stroke="${color}" stroke-width="1.4"`),
        text(
          x + (box.column + box.columns / 2) * pixels,
          y + (box.row + box.rows / 2) * pixels + 4,
          `${i + 1}`,
          `text-anchor="middle" font-weight="600" fill="${color}"`,
        ),
      ].join('\n'),
    ),
    `<rect x="${x}" y="${y}" width="${side}" height="${side}" fill="none" stroke="#d0d7de"/>`,
    text(x + side / 2, y + side + 16, 'key n →', `text-anchor="middle" fill="${grey}"`),
    text(
      x - 14,
      y + side / 2,
      'query m →',
      `text-anchor="middle" fill="${grey}" transform="rotate(90 ${x - 14} ${y + side / 2})"`,
    ),
    text(x + side, y + 16, note, `text-anchor="end" fill="${color}"`),
  ].join('\n')
}

function queryPanel(x: number, y: number): string {
  const { rows, columns } = shapeOf('output')
  const first = 3 * rows
  const boxes = steps({ first, size: rows }, columns, (query, key) => inWindow(query, key, window)).map(
    ({ start, size }) => ({ row: first, rows, column: start, columns: size }),
  )
  return panel(x, y, 'output, queryGradient', boxes, blue, `${rows} queries stay`)
}

function keyPanel(x: number, y: number): string {
  const { rows, columns } = shapeOf('keyGradient')
  const first = 2 * rows
  const boxes = steps({ first, size: rows }, columns, (key, query) => inWindow(query, key, window)).map(
    ({ start, size }) => ({ row: start, rows: size, column: first, columns: rows }),
  )
  return panel(x, y, 'keyGradient', boxes, red, `${rows} keys stay`)
}

/** What one workgroup of the forward pass holds in one step. */
function workgroup(x: number, y: number): string {
  const { rows, columns, threads, held, workgroupBytes } = shapeOf('output')
  const box = (left: number, top: number, title: string, size: string, where: string, dashed = false) =>
    [
      `<rect x="${x + left}" y="${y + top}" width="122" height="50" rx="4" fill="${dashed ? '#f6f8fa' : '#ddf4ff'}" ` +
        `stroke="${dashed ? grey : blue}" ${dashed ? 'stroke-dasharray="4 3"' : ''}/>`,
      text(x + left + 61, y + top + 15, title, 'text-anchor="middle" font-weight="600"'),
      text(x + left + 61, y + top + 30, size, 'text-anchor="middle"'),
      text(x + left + 61, y + top + 44, where, `text-anchor="middle" font-size="10" fill="${grey}"`),
    ].join('\n')
  const arrow = (d: string) => `<path d="${d}" fill="none" stroke="${grey}" marker-end="url(#head)"/>`
  const at = (left: number, top: number) => `${x + left} ${y + top}`
  return [
    text(x, y - 12, 'one step of a workgroup, output', 'font-weight="600"'),
    box(0, 0, 'queries', `${rows} × ${headDim}`, 'memory', true),
    box(140, 0, 'keys', `${columns} × ${headDim}`, 'memory', true),
    box(70, 72, 'scores', `${rows} × ${columns}`, `registers, ${held} × 4 each`),
    box(0, 144, 'weights', `${rows} × ${columns}`, 'workgroup memory'),
    box(140, 144, 'values', `${columns} × ${headDim}`, 'memory', true),
    box(70, 216, 'sums', `${rows} × ${headDim}`, 'registers, all steps'),
    arrow(`M${at(61, 50)}L${at(100, 71)}`),
    arrow(`M${at(201, 50)}L${at(162, 71)}`),
    arrow(`M${at(100, 122)}L${at(61, 143)}`),
    arrow(`M${at(61, 194)}L${at(100, 215)}`),
    arrow(`M${at(201, 194)}L${at(162, 215)}`),
    text(
      x + 131,
      y + 282,
      `${threads} threads, ${(workgroupBytes / 1024).toFixed(1)} KiB of workgroup memory`,
      `text-anchor="middle" fill="${grey}"`,
    ),
  ].join('\n')
}

const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 860 345" font-family="system-ui, sans-serif" font-size="12" fill="#24292f">
<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="${grey}"/></marker></defs>
<rect width="860" height="345" fill="#ffffff"/>
${queryPanel(30, 40)}
${keyPanel(305, 40)}
${workgroup(580, 40)}
${text(30, 40 + side + 38, `Grey: the pairs that a window of ${window} lets through, ${length} tokens.`, `fill="${grey}"`)}
${text(30, 40 + side + 54, 'Numbered: the steps of one workgroup, a tile each.', `fill="${grey}"`)}
</svg>
`
savePicture('attention-tiles.svg', svg)
