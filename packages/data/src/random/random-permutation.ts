import type { RandomGenerator } from './random-generator.js'

/** The numbers 0 … size − 1 in random order (Fisher–Yates). */
export function randomPermutation(size: number, random: RandomGenerator): Uint32Array {
  const order = Uint32Array.from({ length: size }, (_, index) => index)
  for (let last = size - 1; last > 0; last--) {
    const chosen = random.below(last + 1)
    const kept = order[last]!
    order[last] = order[chosen]!
    order[chosen] = kept
  }
  return order
}
