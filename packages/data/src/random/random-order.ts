import { randomGenerator } from './random-generator.js'

const rounds = 8

/**
 * A random order of 0 … size − 1 of which any place is computed by itself, without a list: a Feistel network over the
 * bits of the place, walked until it lands below `size` (Black and Rogaway, "Ciphers with arbitrary finite domains",
 * 2002). The same keys give the same order.
 *
 * @param size - from 1 to 2³²
 * @param keys - safe integers, such as (seed, epoch)
 * @returns the number at a place, for places 0 … size − 1
 */
export function randomOrder(size: number, ...keys: number[]): (place: number) => number {
  const random = randomGenerator(...keys)
  const roundKeys = Array.from({ length: rounds }, () => random.below(2 ** 32))
  // two halves of at least 4 bits: fewer would leave some orders out
  const halfBits = Math.max(4, Math.ceil(Math.log2(size) / 2))
  const halfSize = 2 ** halfBits
  const mask = halfSize - 1

  const encrypt = (value: number): number => {
    let left = Math.floor(value / halfSize)
    let right = value % halfSize
    for (const key of roundKeys) {
      // the finaliser of murmur3 as the round function
      let mixed = Math.imul(right ^ key, 0x85ebca6b)
      mixed = Math.imul(mixed ^ (mixed >>> 13) ^ (key >>> 7), 0xc2b2ae35)
      const scrambled = (left ^ mixed ^ (mixed >>> 16)) & mask
      left = right
      right = scrambled
    }
    return left * halfSize + right
  }

  return (place) => {
    let value = encrypt(place)
    while (value >= size) value = encrypt(value)
    return value
  }
}
