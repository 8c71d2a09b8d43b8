/** A source of random whole numbers. */
export interface RandomGenerator {
  /** The next number, uniform over 0 … limit − 1; limit is from 1 to 2³². */
  below(limit: number): number
}

const range32 = 2 ** 32

/** One output of splitmix32: the counter moves by the golden ratio, murmur3's finaliser mixes it. */
function mix(value: number): number {
  let mixed = value | 0
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}

/**
 * A generator that depends on nothing but its keys: the same keys give the same numbers on every machine, and each
 * tuple of keys, say (seed, epoch), has its own sequence. xoshiro128** (Blackman and Vigna, "Scrambled linear
 * pseudorandom number generators", 2021), its state filled by splitmix32. Not for secrets.
 *
 * @param keys safe integers
 */
export function randomGenerator(...keys: number[]): RandomGenerator {
  let hash = keys.length
  for (const key of keys) {
    hash = mix(hash + 0x9e3779b9 + (key % range32))
    hash = mix(hash + 0x9e3779b9 + Math.floor(key / range32))
  }
  const [first, second, third, fourth] = [1, 2, 3, 4].map((step) => mix(hash + Math.imul(step, 0x9e3779b9)))
  let [a, b, c, d] = [first!, second!, third!, fourth! | 1] // never the all-zero state

  const rotateLeft = (value: number, bits: number): number => (value << bits) | (value >>> (32 - bits))
  const next32 = (): number => {
    const result = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0
    const shifted = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= shifted
    d = rotateLeft(d, 11)
    return result
  }

  return {
    below(limit) {
      const fair = range32 - (range32 % limit) // above it the low remainders would come once too often
      let value = next32()
      while (value >= fair) value = next32()
      return value % limit
    },
  }
}
