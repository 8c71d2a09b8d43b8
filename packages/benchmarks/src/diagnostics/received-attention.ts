import type { AttentionBand } from './attention-band.js'
import { normalised, rowOf } from './row-of.js'

/** How attention is counted. */
export interface ReceivedAttentionOptions {
  /** Divide each row by its sum first, as sigmoid needs it to be compared with softmax. Default false. */
  normaliseRows?: boolean
  /**
   * What the sum over queries is divided by: `'later'` = all queries from the key on, as the usual definition has it;
   * `'visible'` = those that can see the key, which is fair where there is a window. Default `'later'`.
   */
  divideBy?: 'later' | 'visible'
}

/**
 * Attention that each token of a stretch receives: the mean of `A[i, t]` over the queries `i ≥ t` of the stretch
 * (spec 8.1, 8.2).
 *
 * @param band - weights of a layer; keys before the stretch are left out
 * @param options - see {@link ReceivedAttentionOptions}
 * @returns for each head, the tokens of the stretch in order
 */
export function receivedAttention(band: AttentionBand, options: ReceivedAttentionOptions = {}): Float64Array[] {
  const { start, queries, heads } = band
  return Array.from({ length: heads }, (_, head) => {
    const sums = new Float64Array(queries)
    const seen = new Float64Array(queries)
    for (let query = 0; query < queries; query++) {
      const row = rowOf(band, head, query)
      const { positions, weights } = options.normaliseRows ? normalised(row) : row
      positions.forEach((position, i) => {
        if (position < start) return
        sums[position - start] += weights[i]
        seen[position - start]++
      })
    }
    return sums.map((sum, key) => sum / (options.divideBy === 'visible' ? seen[key] : queries - key))
  })
}
