import { SwatError } from '@swat-js/tensor-core'

/**
 * Expects whole numbers of at least 1.
 *
 * @param caller - the public function, named in the message
 * @param counts - the numbers by name
 * @throws SwatError `benchmark` that names the first one that is none
 */
export function expectCounts(caller: string, counts: Record<string, number>): void {
  for (const [name, value] of Object.entries(counts)) {
    if (Number.isInteger(value) && value >= 1) continue
    throw new SwatError('benchmark', `${caller}: ${name} must be a whole number of at least 1, but is ${value}.`)
  }
}

/**
 * Expects a number of query heads that key heads can share.
 *
 * @param caller - the public function, named in the message
 * @param heads - number of query heads
 * @param kvHeads - number of key and value heads
 * @throws SwatError `benchmark` when they do not divide
 */
export function expectGroups(caller: string, heads: number, kvHeads: number): void {
  if (heads % kvHeads === 0) return
  const divisors = Array.from({ length: heads }, (_, i) => i + 1).filter((count) => heads % count === 0)
  throw new SwatError(
    'benchmark',
    `${caller}: heads (${heads}) must be a multiple of kvHeads (${kvHeads}). Choose kvHeads from ${divisors.join(', ')}.`,
  )
}
