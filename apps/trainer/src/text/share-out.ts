/**
 * Divides a number of things among those that have some, by their weights; what one has too few of, the others give.
 *
 * @param wanted - how many, at most as many as there are
 * @param counts - how many each has
 * @param weights - their shares, relative to one another, above 0
 * @returns how many of each; their sum is `wanted`
 */
export function shareOut(wanted: number, counts: readonly number[], weights: readonly number[]): number[] {
  const given = counts.map(() => 0)
  // the first that would run out is given whole: then the shares of the others grow
  const scarcestFirst = counts
    .map((_, index) => index)
    .sort((one, other) => {
      return counts[one] / weights[one] - counts[other] / weights[other] || one - other
    })
  let left = wanted
  let weightLeft = weights.reduce((sum, weight) => sum + weight, 0)
  for (const [place, index] of scarcestFirst.entries()) {
    const isLast = place === counts.length - 1
    given[index] = isLast ? left : Math.min(counts[index], Math.round((left * weights[index]) / weightLeft))
    left -= given[index]
    weightLeft -= weights[index]
  }
  return given
}
