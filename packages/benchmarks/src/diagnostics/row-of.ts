import type { AttentionBand } from './attention-band.js'

/** What one query sees: places of the keys in the text, and their weights. */
export interface KeyRow {
  positions: number[]
  weights: number[]
}

/**
 * What one query sees.
 *
 * @param band - weights of a layer
 * @param head - which head
 * @param query - which query, from 0 on
 * @returns sinks first, the query itself last
 */
export function rowOf(band: AttentionBand, head: number, query: number): KeyRow {
  const { queries, columns } = band
  const [positions, weights]: number[][] = [[], []]
  for (let column = 0; column < columns; column++) {
    const position = band.positions[query * columns + column]
    if (position < 0) continue
    positions.push(position)
    weights.push(band.weights[(head * queries + query) * columns + column])
  }
  return { positions, weights }
}

/** The same with weights that sum to 1; a row without any weight stays without. */
export function normalised({ positions, weights }: KeyRow): KeyRow {
  const sum = weights.reduce((sum, weight) => sum + weight, 0)
  return { positions, weights: weights.map((weight) => weight / (sum || 1)) }
}
