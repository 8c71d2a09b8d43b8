import { SwatError, tf } from '@swat-js/tensor-core'
import { rotaryFrequencies } from './rotary-frequencies.js'
import type { StaticRotaryScaling } from './rotary-scaling.js'

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
  /** How positions are stretched; default not at all. Of a dynamic scaling pass `rotaryScalingAt(scaling, length)`. */
  scaling?: StaticRotaryScaling | undefined
  /** Where the tokens stand. */
  positions: RotaryPositions
}

/** Cosines and sines of the rotation angles, one row a position, times the temperature of the scaling. */
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
 * that neighbouring positions stay apart far beyond 2²⁴, and stored as float32. A scaling changes the frequencies and
 * may have a temperature `mscale` that multiplies both tables, so that logits are multiplied by its square (spec 2).
 *
 * @param options - head size, base, scaling and positions
 * @returns the tables; the caller's to dispose, see {@link disposeRotaryTables}
 * @throws SwatError `rotary` when the head size is odd, the scaling makes no sense, there is no position, or one is not
 * an integer from 0 to 2⁵³ − 1
 */
export function rotaryTables({ headDim, base, scaling, positions }: RotaryTablesOptions): RotaryTables {
  const frequencies = rotaryFrequencies(headDim, base, scaling)
  const mscale = (scaling && 'mscale' in scaling && scaling.mscale) || 1
  const key = 'start' in positions ? JSON.stringify([headDim, base, scaling, positions.start, positions.length]) : null
  const { cos, sin, length } = (key && latest?.key === key && latest) || computeTables(frequencies, mscale, positions)
  latest = key && cos.length <= mostKept ? { key, cos, sin, length } : null
  const shape: [number, number] = [length, frequencies.length]
  return { cos: tf.tensor2d(cos.slice(), shape), sin: tf.tensor2d(sin.slice(), shape), headDim, length }
}

interface TableValues {
  cos: Float32Array
  sin: Float32Array
  length: number
}

/** The values of the call before: every step of a training run asks for the same, and they take as long as its ops. */
let latest: (TableValues & { key: string }) | null = null

/** Elements of a table that may be kept. */
const mostKept = 2 ** 22

function computeTables(frequencies: ArrayLike<number>, mscale: number, positions: RotaryPositions): TableValues {
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
  const size = listed.length * frequencies.length
  const [cos, sin] = [new Float32Array(size), new Float32Array(size)]
  let i = 0
  for (const position of listed) {
    for (let pair = 0; pair < frequencies.length; pair++, i++) {
      const angle = position * frequencies[pair]
      cos[i] = mscale * Math.cos(angle)
      sin[i] = mscale * Math.sin(angle)
    }
  }
  return { cos, sin, length: listed.length }
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
