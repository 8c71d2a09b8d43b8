import { SwatError } from '@swat-js/tensor-core'

/**
 * Official ALiBi slope magnitudes (Press et al. 2022; spec 1.4): `2^(−8k / heads)`, k = 1 … heads, when `heads` is a
 * power of two; otherwise those of the next smaller power of two, then every second slope of twice that.
 *
 * @param heads - number of heads
 * @returns one positive magnitude a head
 * @throws SwatError `slopes` when `heads` is not a positive integer
 */
export function alibiSlopes(heads: number): number[] {
  if (!Number.isInteger(heads) || heads < 1) {
    throw new SwatError('slopes', `alibiSlopes: heads must be a positive integer, but is ${heads}.`)
  }
  const closest = 2 ** Math.floor(Math.log2(heads))
  const extra = geometric(2 * closest).filter((_, i) => i % 2 === 0)
  return [...geometric(closest), ...extra.slice(0, heads - closest)]
}

function geometric(heads: number): number[] {
  return Array.from({ length: heads }, (_, i) => 2 ** ((-8 * (i + 1)) / heads))
}
