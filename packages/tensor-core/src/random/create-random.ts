import { SwatError } from '../swat-error.js'
import { fillNormal } from './fill-normal.js'

/** Where a generator stands: plain JSON, to be stored with a checkpoint. */
export interface RandomState {
  /** The algorithm, so that a state is never continued by another one. */
  generator: 'xoshiro128**'
  /** Four unsigned 32-bit words. */
  words: [number, number, number, number]
}

/** A stream of random numbers that is a function of its seed alone. */
export interface Random {
  /** A number in [0, 1), a multiple of 2⁻³². */
  next(): number
  /** A number from the standard normal distribution (mean 0, variance 1). */
  normal(): number
  /**
   * Fills an array with numbers of mean 0 and this standard deviation: the same as `deviation * normal()` one after the
   * other, rounded to float32, but several times faster.
   */
  fillNormal(target: Float32Array, deviation: number): void
  /** A whole number in `[0, below)`, each equally likely; `below` is at most 2³². */
  integer(below: number): number
  /** Where the stream stands; `createRandom(state)` continues from here. */
  state(): RandomState
}

/**
 * A seeded random generator: xoshiro128** (Blackman and Vigna), seeded by splitmix64 as its authors advise.
 *
 * @param seed - a whole number, or a state to continue from
 * @returns the generator
 * @throws SwatError `random` when the seed is not a whole number or the state is not one of this generator
 */
export function createRandom(seed: number | RandomState): Random {
  const words = typeof seed === 'number' ? seedWords(seed) : stateWords(seed)

  function nextWord(): number {
    const result = Math.imul(rotateLeft(Math.imul(words[1], 5), 7), 9)
    const shifted = words[1] << 9
    words[2] ^= words[0]
    words[3] ^= words[1]
    words[1] ^= words[2]
    words[0] ^= words[3]
    words[2] ^= shifted
    words[3] = rotateLeft(words[3], 11)
    return result >>> 0
  }
  const next = () => nextWord() / 2 ** 32

  function normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - next())) // Box and Muller
    return radius * Math.cos(2 * Math.PI * next())
  }

  return {
    next,

    normal,

    fillNormal: (target, deviation) => fillNormal(target, deviation, words, normal),

    integer(below) {
      if (!Number.isInteger(below) || below < 1 || below > 2 ** 32) {
        throw new SwatError('random', `Random.integer: below must be a whole number from 1 to 2^32, but is ${below}.`)
      }
      const fair = 2 ** 32 - (2 ** 32 % below) // words from here on would favour small results
      let word = nextWord()
      while (word >= fair) word = nextWord()
      return word % below
    },

    state: () => ({
      generator: 'xoshiro128**',
      words: [words[0] >>> 0, words[1] >>> 0, words[2] >>> 0, words[3] >>> 0],
    }),
  }
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits))
}

function seedWords(seed: number): Int32Array {
  if (!Number.isSafeInteger(seed)) {
    throw new SwatError('random', `createRandom: seed must be a whole number within ±2^53, but is ${seed}.`)
  }
  const words = new BigUint64Array(2)
  let state = BigInt(seed)
  for (let i = 0; i < 2; i++) {
    state = BigInt.asUintN(64, state + 0x9e3779b97f4a7c15n)
    let mixed = state
    mixed = BigInt.asUintN(64, (mixed ^ (mixed >> 30n)) * 0xbf58476d1ce4e5b9n)
    mixed = BigInt.asUintN(64, (mixed ^ (mixed >> 27n)) * 0x94d049bb133111ebn)
    words[i] = mixed ^ (mixed >> 31n)
  }
  return new Int32Array(words.buffer)
}

function stateWords({ generator, words }: RandomState): Int32Array {
  const valid =
    generator === 'xoshiro128**' &&
    Array.isArray(words) &&
    words.length === 4 &&
    words.every((word) => Number.isInteger(word) && word >= 0 && word < 2 ** 32) &&
    words.some((word) => word !== 0)
  if (!valid) {
    throw new SwatError(
      'random',
      `createRandom: a state must be { generator: 'xoshiro128**', words: [four unsigned 32-bit words, not all zero] }, ` +
        `but is ${JSON.stringify({ generator, words })}. Use what state() returned.`,
    )
  }
  return Int32Array.from(words, (word) => word | 0)
}
