import { SwatError } from '@swat-js/tensor-core'

/**
 * The effective receptive field `ERF_p`: the smallest distance that holds the share p of all influence (spec 8.4).
 *
 * @param influence - by distance from 0 on, as `embeddingGradients` of `@swat-js/models` returns it
 * @param share - p, above 0 and at most 1
 * @returns the distance; NaN where there is no influence at all
 * @throws SwatError `diagnostics` when the share makes no sense
 */
export function effectiveReach(influence: ArrayLike<number>, share: number): number {
  if (!(share > 0 && share <= 1)) {
    throw new SwatError('diagnostics', `effectiveReach: share must be above 0 and at most 1, but is ${share}.`)
  }
  const total = Array.from(influence).reduce((sum, value) => sum + value, 0)
  let held = 0
  for (let distance = 0; distance < influence.length; distance++) {
    held += influence[distance]
    if (held >= share * total && held > 0) return distance
  }
  return NaN
}
