/** How two lists of numbers go together, each from −1 to 1. */
export interface Correlation {
  /** Of the numbers themselves: along a line. */
  pearson: number
  /** Of their ranks: in order, along whatever curve. */
  spearman: number
}

/**
 * Correlation of two lists (spec 8.2). Equal numbers share the mean of their ranks.
 *
 * @param a - numbers
 * @param b - numbers, as many
 * @returns see {@link Correlation}; NaN where all numbers of a list are equal
 */
export function correlation(a: ArrayLike<number>, b: ArrayLike<number>): Correlation {
  return { pearson: pearson(a, b), spearman: pearson(ranks(a), ranks(b)) }
}

function pearson(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const [ofA, ofB] = [a, b].map((list) => {
    const numbers = Array.from(list)
    const mean = numbers.reduce((sum, number) => sum + number, 0) / numbers.length
    return numbers.map((number) => number - mean)
  })
  const product = (a: readonly number[], b: readonly number[]) => a.reduce((sum, number, i) => sum + number * b[i], 0)
  return product(ofA, ofB) / Math.sqrt(product(ofA, ofA) * product(ofB, ofB))
}

function ranks(list: ArrayLike<number>): Float64Array {
  const order = Array.from(list, (_, i) => i).sort((i, j) => list[i] - list[j])
  const ranks = new Float64Array(list.length)
  for (let start = 0; start < order.length;) {
    let end = start + 1
    while (end < order.length && list[order[end]] === list[order[start]]) end++
    for (let i = start; i < end; i++) ranks[order[i]] = (start + end - 1) / 2
    start = end
  }
  return ranks
}
