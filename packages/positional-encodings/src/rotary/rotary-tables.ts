import { SwatError, tf } from '@swat-js/tensor-core'
import { rotaryFrequencies } from './rotary-frequencies.js'

/** Absolute positions: consecutive from `start`, or listed one by one. */
export type RotaryPositions =
  | ArrayLike<number>
  | {
      /** Position of the first token. */
      start: number
      /** Number of tokens. */
      length: number
    }

/** What {@link rotaryTables} needs to know. */
export interface RotaryTablesOptions {
  /** Size of a head; even. */
  headDim: number
  /** Base of the frequencies; default 10000. */
  base?: number
  /** Where the tokens stand. */
  positions: RotaryPositions
}

/** Cosines and sines of the rotation angles, one row a position. */
export type RotaryTables = {
  /** `[length, headDim / 2]` */
  readonly cos: tf.Tensor2D
  /** `[length, headDim / 2]` */
  readonly sin: tf.Tensor2D
  /** Size of the heads these tables rotate. */
  readonly headDim: number
  /** Number of positions. */
  readonly length: number
}

/**
 * Tables of `cos(position · frequency)` and `sin(position · frequency)`. The angles are formed in double precision, so
 * that neighbouring positions stay apart far beyond 2²⁴, and stored as float32.
 *
 * @param options - head size, base and positions
 * @returns the tables; the caller's to dispose, see {@link disposeRotaryTables}
 * @throws SwatError `rotary` when the head size is odd, there is no position, or one is not an integer from 0 to 2⁵³
 * − 1
 */
export function rotaryTables({ headDim, base, positions }: RotaryTablesOptions): RotaryTables {
  const frequencies = rotaryFrequencies(headDim, base)
  const listed = 'start' in positions ? consecutive(positions.start, positions.length) : Array.from(positions)
  if (listed.length === 0)
    throw new SwatError('rotary', 'rotaryTables: positions must hold at least one position, but is empty.')
  const wrong = listed.find((position) => !Number.isSafeInteger(position) || position < 0)
  if (wrong !== undefined) {
    throw new SwatError(
      'rotary',
      `rotaryTables: a position must be an integer from 0 to 2^53 - 1, but one is ${wrong}. Count positions from the first token.`,
    )
  }
  const shape: [number, number] = [listed.length, frequencies.length]
  const angles = listed.flatMap((position) => Array.from(frequencies, (frequency) => position * frequency))
  return {
    cos: tf.tensor2d(Float32Array.from(angles, Math.cos), shape),
    sin: tf.tensor2d(Float32Array.from(angles, Math.sin), shape),
    headDim,
    length: listed.length,
  }
}

function consecutive(start: number, length: number): number[] {
  if (!Number.isInteger(length) || length < 1) {
    throw new SwatError('rotary', `rotaryTables: positions.length must be a positive integer, but is ${length}.`)
  }
  return Array.from({ length }, (_, i) => start + i)
}

/**
 * Frees the tensors of rotary tables.
 *
 * @param tables - the tables
 */
export function disposeRotaryTables(tables: RotaryTables): void {
  tables.cos.dispose()
  tables.sin.dispose()
}
