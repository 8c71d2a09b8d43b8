import { inWindow, type AttentionActivation } from '@swat-js/swat-attention'
import { sigmoid } from '@swat-js/tensor-core'

/** What is added to the logits, as numbers. */
export interface LogitTerms {
  /** `[heads]`, paper sign. */
  slopes: ArrayLike<number> | null
  /** `[heads]` */
  bias: ArrayLike<number> | null
  /** `[heads, tableLength]` */
  distanceTable: ArrayLike<number> | null
  /** `[heads]`, softmax only. */
  sinkLogits: ArrayLike<number> | null
}

/** Queries in a row, and how their layer looks at keys. */
export interface WeighedQueries extends LogitTerms {
  /** Place of the first query. */
  start: number
  /** Number of queries. */
  queries: number
  /** Number of query heads. */
  heads: number
  /** Number of key heads. */
  kvHeads: number
  /** Number of keys a query sees, itself included; null = every earlier key. */
  window: number | null
  /** First tokens that stay visible beside it. */
  sinks: number
  /** What turns logits into weights. */
  activation: AttentionActivation
  /** Factor of the inner products. */
  scale: number
}

/**
 * The weights of each query on the keys that it sees, in double precision (spec 1.1, 1.7).
 *
 * @param queries - `[queries, heads, size]`
 * @param keyAt - the key at a place of the text, `[kvHeads, size]`
 * @param layer - see {@link WeighedQueries}
 * @returns a row for each query: the sinks before its window, then its window up to itself
 */
export function weighKeys(
  queries: Float32Array,
  keyAt: (position: number) => Float32Array,
  layer: WeighedQueries,
): {
  /** Number of keys that a row has room for. */
  columns: number
  /** `[queries, columns]`, −1 for no key. */
  positions: Int32Array
  /** `[heads, queries, columns]` */
  weights: Float32Array
} {
  const { start, queries: rows, heads, kvHeads, window, sinks, activation, scale } = layer
  const { slopes, bias, distanceTable, sinkLogits } = layer
  const recent = Math.min(window ?? Infinity, start + rows)
  const columns = sinks + recent
  const size = queries.length / (rows * heads)
  const tableLength = (distanceTable?.length ?? 0) / heads
  const positions = new Int32Array(rows * columns).fill(-1)
  const weights = new Float32Array(heads * rows * columns)

  for (let row = 0; row < rows; row++) {
    const position = start + row
    const keys: { column: number; distance: number; key: Float32Array }[] = []
    for (let column = 0; column < columns; column++) {
      const place = column < sinks ? column : position - columns + 1 + column
      if (column < sinks ? place > position || inWindow(position, place, window) : place < 0) continue
      positions[row * columns + column] = place
      keys.push({ column, distance: position - place, key: keyAt(place) })
    }
    for (let head = 0; head < heads; head++) {
      const query = (row * heads + head) * size
      const keyHead = Math.floor((head * kvHeads) / heads) * size
      const logits = keys.map(({ distance, key }) => {
        let logit = 0
        for (let d = 0; d < size; d++) logit += queries[query + d] * key[keyHead + d]
        logit *= scale
        if (slopes) logit += slopes[head] * distance
        if (bias) logit += bias[head]
        if (distanceTable && distance < tableLength) logit += distanceTable[head * tableLength + distance]
        return logit
      })
      const found = activation === 'sigmoid' ? logits.map(sigmoid) : softmax(logits, sinkLogits?.[head] ?? -Infinity)
      keys.forEach(({ column }, i) => (weights[(head * rows + row) * columns + column] = found[i]))
    }
  }
  return { columns, positions, weights }
}

/** Shares of the exponentials; that of the sink logit goes to nothing. */
function softmax(logits: readonly number[], sinkLogit: number): number[] {
  const largest = logits.reduce((largest, logit) => Math.max(largest, logit), sinkLogit)
  const exponentials = logits.map((logit) => Math.exp(logit - largest))
  const sum = exponentials.reduce((sum, exponential) => sum + exponential, Math.exp(sinkLogit - largest))
  return exponentials.map((exponential) => exponential / sum)
}
