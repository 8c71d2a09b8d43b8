import { SwatError } from '@swat-js/tensor-core'
import { alibiSlopes } from './alibi-slopes.js'

/**
 * How large the slopes are, k = 1 … n on each side (spec 1.3): `pow2` = 2^−k (SWAT Eq. 4); `global` = 2^(−8k / all
 * heads) (the SWAT code); `perSide` = 2^(−8k / n); `press` = official ALiBi for n heads.
 */
export type SlopeRule = 'pow2' | 'global' | 'perSide' | 'press'

/** How {@link slopes} divides and scales the heads. */
export interface SlopesOptions {
  /** Number of heads whose weight falls with distance. */
  recency: number
  /** Number of heads whose weight rises with distance. */
  remote: number
  /** How large the slopes are. */
  rule: SlopeRule
  /** Which group comes first; default `recency-first`. */
  order?: 'recency-first' | 'remote-first'
  /** Whether the second group runs from its last slope to its first; default false. */
  reverseSecond?: boolean
}

/**
 * Slopes of the position bias `slope · (query − key)` in the paper's sign: negative slopes favour recent keys, positive
 * ones remote keys (SWAT Eq. 4; spec 1.3).
 *
 * @param options - how many heads look which way, and the magnitudes
 * @returns one slope a head
 * @throws SwatError `slopes` when the counts are not non-negative integers with at least one head, or the rule is
 * unknown
 */
export function slopes({ recency, remote, rule, order, reverseSecond }: SlopesOptions): number[] {
  for (const [name, count] of Object.entries({ recency, remote })) {
    if (!Number.isInteger(count) || count < 0) {
      throw new SwatError('slopes', `slopes: ${name} must be an integer of at least 0, but is ${count}.`)
    }
  }
  if (recency + remote === 0) {
    throw new SwatError(
      'slopes',
      'slopes: recency + remote must be at least 1. For no slopes at all use the preset none.',
    )
  }
  const near = magnitudes(rule, recency, recency + remote).map((magnitude) => -magnitude)
  const far = magnitudes(rule, remote, recency + remote)
  const [first, second] = order === 'remote-first' ? [far, near] : [near, far]
  return [...first, ...(reverseSecond ? second.reverse() : second)]
}

function magnitudes(rule: SlopeRule, count: number, heads: number): number[] {
  if (count === 0) return []
  const series = (exponent: number) => Array.from({ length: count }, (_, i) => 2 ** (-exponent * (i + 1)))
  switch (rule) {
    case 'pow2':
      return series(1)
    case 'global':
      return series(8 / heads)
    case 'perSide':
      return series(8 / count)
    case 'press':
      return alibiSlopes(count)
    default:
      throw new SwatError('slopes', `slopes: rule must be 'pow2', 'global', 'perSide' or 'press', but is '${rule}'.`)
  }
}
