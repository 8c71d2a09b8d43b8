// Draws docs/images/window-and-slopes.svg with the project's own attention: the weights of one recency head and one
// remote head over a window, and the weight by distance of every head.
import { slopePreset } from '@swat-js/positional-encodings'
import { swatAttention } from '@swat-js/swat-attention'
import { tf, useEngine } from '@swat-js/tensor-core'
import { savePicture } from './save-picture.js'

const heads = 8
const [length, window] = [20, 8]

/** Weights `[query][key]` of each head for equal content: queries of zero, and one-hot values that read the weights out. */
function weightsWithoutContent(length: number, window: number, slopes: number[]): number[][][] {
  return tf.tidy(() => {
    const zeros: tf.Tensor4D = tf.zeros([1, length, heads, length])
    const oneHot = tf.tile(tf.reshape(tf.eye(length), [1, length, 1, length]), [1, 1, heads, 1]) as tf.Tensor4D
    const weights = swatAttention(zeros, zeros, oneHot, { window, slopes }) // [1, query, heads, key]
    return tf.transpose(tf.squeeze(weights, [0]), [1, 0, 2]).arraySync() as number[][][]
  })
}

const round = (value: number) => Number(value.toFixed(2))
const text = (x: number, y: number, content: string, extra = '') => `<text x="${x}" y="${y}" ${extra}>${content}</text>`

function matrix(x: number, y: number, title: string, weights: number[][], color: string): string {
  const cell = 11
  const cells = weights.flatMap((row, m) =>
    row.flatMap((weight, n) =>
      weight > 0
        ? [
            `<rect x="${x + n * cell}" y="${y + m * cell}" width="${cell}" height="${cell}" fill-opacity="${round(weight)}"/>`,
          ]
        : [],
    ),
  )
  const side = length * cell
  return [
    text(x, y - 12, title, 'font-weight="600"'),
    `<g fill="${color}">`,
    ...cells,
    '</g>',
    `<path d="${grid(x, y, side, cell)}" stroke="#d0d7de" stroke-width="0.5" fill="none"/>`,
    text(x + side / 2, y + side + 16, 'key n →', 'text-anchor="middle" fill="#57606a"'),
    text(
      x - 14,
      y + side / 2,
      'query m →',
      `text-anchor="middle" fill="#57606a" transform="rotate(90 ${x - 14} ${y + side / 2})"`,
    ),
  ].join('\n')
}

function grid(x: number, y: number, side: number, cell: number): string {
  const steps = Array.from({ length: side / cell + 1 }, (_, i) => i * cell)
  return steps.map((step) => `M${x + step} ${y}v${side}M${x} ${y + step}h${side}`).join('')
}

function curves(x: number, y: number, slopes: number[]): string {
  const [width, height, span] = [260, 220, 64]
  const weights = weightsWithoutContent(span, span, slopes)
  const lines = slopes.map((slope, head) => {
    const byDistance = Array.from({ length: span }, (_, distance) => weights[head][span - 1][span - 1 - distance])
    const points = byDistance.map(
      (weight, d) => `${round(x + (d / (span - 1)) * width)},${round(y + height * (1 - weight))}`,
    )
    const color = slope < 0 ? '#0969da' : '#cf222e'
    return `<polyline points="${points.join(' ')}" fill="none" stroke="${color}" stroke-width="1.6"/>`
  })
  return [
    text(x, y - 12, 'weight by distance, all 8 heads', 'font-weight="600"'),
    `<rect x="${x}" y="${y}" width="${width}" height="${height}" fill="none" stroke="#d0d7de"/>`,
    ...lines,
    text(x + width - 6, y + height * 0.4, 'remote: slopes +1/2 … +1/16', 'text-anchor="end" fill="#cf222e"'),
    text(x + width - 6, y + height * 0.63, 'recency: slopes −1/2 … −1/16', 'text-anchor="end" fill="#0969da"'),
    text(x + width / 2, y + height + 16, `distance m − n, 0 … ${span - 1}`, 'text-anchor="middle" fill="#57606a"'),
    text(x - 6, y + 8, '1', 'text-anchor="end" fill="#57606a"'),
    text(x - 6, y + height / 2 + 4, '½', 'text-anchor="end" fill="#57606a"'),
    text(x - 6, y + height, '0', 'text-anchor="end" fill="#57606a"'),
  ].join('\n')
}

await useEngine({ backend: 'cpu' })
const slopes = slopePreset('swat-+', heads)
if (!slopes) throw new Error('the preset swat-+ has slopes')
const weights = weightsWithoutContent(length, window, slopes)
const [recency, remote] = [slopes.indexOf(-0.25), slopes.indexOf(0.25)]
const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 860 300" font-family="system-ui, sans-serif" font-size="12" fill="#24292f">
<rect width="860" height="300" fill="#ffffff"/>
${matrix(30, 40, `recency head, slope −1/4, window ${window}`, weights[recency], '#0969da')}
${matrix(300, 40, `remote head, slope +1/4, window ${window}`, weights[remote], '#cf222e')}
${curves(575, 40, slopes)}
</svg>
`
savePicture('window-and-slopes.svg', svg)
