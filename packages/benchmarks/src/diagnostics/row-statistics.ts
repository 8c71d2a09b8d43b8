import { SwatError } from '@swat-js/tensor-core'

/** How the weights of one query are spread over its keys (spec 8.3). `p` are the weights over their sum. */
export interface RowStatistics {
  /** Number of keys. */
  keys: number
  /** Sum of the weights: 1 for softmax, anything from 0 to `keys` for sigmoid. */
  sum: number
  /** Mean weight. */
  mean: number
  /** `−Σ p ln p`, in nats. */
  entropy: number
  /** Entropy over `ln keys`: 1 for even weights; 1 for a single key. */
  normalisedEntropy: number
  /** `e^entropy`: as many even weights would have this entropy. */
  effectiveKeys: number
  /** `1 / Σ p²`. */
  participationRatio: number
  /** Share of the largest weight in the sum. */
  topShare: number
  /** Gini coefficient: 0 for even weights, towards 1 when one has everything. */
  gini: number
  /** Share of the keys whose weight is below 1 % of the largest. */
  shareBelow: number
}

/**
 * Statistics of one row of attention weights, those of appendix A and B of SWAT (spec 8.3).
 *
 * @param weights - of the visible keys, in any order, none negative
 * @returns see {@link RowStatistics}; where all weights are 0 there are no shares, and all but `keys`, `sum` and `mean`
 * are NaN
 * @throws SwatError `diagnostics` when there is no weight
 */
export function rowStatistics(weights: ArrayLike<number>): RowStatistics {
  const keys = weights.length
  if (keys === 0) {
    throw new SwatError('diagnostics', 'rowStatistics: weights must hold one at least, but is empty.')
  }
  const sorted = Float64Array.from(weights).sort()
  const largest = sorted[keys - 1]
  const sum = sorted.reduce((sum, weight) => sum + weight, 0)
  let [entropy, squares, ranked, below] = [0, 0, 0, 0]
  sorted.forEach((weight, i) => {
    const p = weight / sum
    if (p !== 0) entropy -= p * Math.log(p)
    squares += p * p
    ranked += (2 * i + 1 - keys) * p
    if (weight < 0.01 * largest) below++
  })
  return {
    keys,
    sum,
    mean: sum / keys,
    entropy,
    normalisedEntropy: keys === 1 ? entropy + 1 : entropy / Math.log(keys),
    effectiveKeys: Math.exp(entropy),
    participationRatio: 1 / squares,
    topShare: largest / sum,
    gini: ranked / keys,
    shareBelow: sum === 0 ? NaN : below / keys,
  }
}
