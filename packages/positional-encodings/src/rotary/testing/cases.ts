import type { RotaryStyle } from '../contract.js'

/** One call of `applyRotary` as data. */
export interface RotaryCase {
  /** What is special about it. */
  name: string
  /** `[batch, length, heads, headDim]` */
  shape: [number, number, number, number]
  /** Which dimensions form a pair. */
  style: RotaryStyle
  /** Position of the first token. */
  start: number
}

const shapes: readonly RotaryCase['shape'][] = [
  [1, 1, 1, 2],
  [2, 3, 2, 6],
  [3, 5, 3, 8],
  [2, 65, 2, 20],
  [1, 7, 5, 64],
  [2, 33, 4, 128],
]
const styles: readonly RotaryStyle[] = ['half', 'interleaved']

/** Calls of `applyRotary`: both styles, several batches; heads of 1 pair, of odd numbers of pairs, of whole vectors. */
export const cases: readonly RotaryCase[] = styles.flatMap((style) =>
  shapes.map((shape, i) => ({ name: `${style} [${shape.join(', ')}]`, shape, style, start: 100 * i })),
)
