import { SwatError } from '@swat-js/tensor-core'
import { expectRotaryScaling } from './expect-rotary-scaling.js'
import { ntkBase } from './ntk-base.js'
import type { StaticRotaryScaling } from './rotary-scaling.js'

/**
 * Rotary frequencies `base^(−2i / headDim)` in radians per position, scaled or not (spec 2).
 *
 * @param headDim - size of a head; even
 * @param base - default 10000
 * @param scaling - a static scaling; of a dynamic one pass `rotaryScalingAt(scaling, length)`. Default none
 * @returns `[headDim / 2]`, falling from 1, in double precision
 * @throws SwatError `rotary` when `headDim` is not a positive even integer, `base` not a positive number, or the
 * scaling is unknown, dynamic or not defined for this head size and base
 */
export function rotaryFrequencies(headDim: number, base = 10_000, scaling?: StaticRotaryScaling): Float64Array {
  if (!Number.isInteger(headDim) || headDim <= 0 || headDim % 2 !== 0) {
    throw refusal(
      `headDim must be a positive even integer, because it is rotated in pairs, but is ${headDim}. ` +
        'Choose an even head size or switch rotary positions off.',
    )
  }
  if (!(base > 0) || !Number.isFinite(base)) {
    throw refusal(`base must be a positive number, but is ${base}. The usual base is 10000.`)
  }
  if (!scaling) return unscaled(headDim, base)
  expectRotaryScaling('rotaryFrequencies', scaling)
  const { type, factor } = scaling
  switch (type) {
    case 'linear':
      return unscaled(headDim, base).map((frequency) => frequency / factor)
    case 'ntk':
      return unscaled(headDim, ntkBase(headDim, base, factor))
    case 'yarn':
      return interpolated(unscaled(headDim, base), factor, pairRamp(headDim, base, scaling.originalLength))
    case 'yarn-by-parts':
      return interpolated(unscaled(headDim, base), factor, rotationRamp(scaling.originalLength))
    default:
      throw refusal(
        `the scaling ${String(type)} depends on the length of the text. Pass rotaryScalingAt(scaling, length).`,
      )
  }
}

function unscaled(headDim: number, base: number): Float64Array {
  return Float64Array.from({ length: headDim / 2 }, (_, i) => base ** ((-2 * i) / headDim))
}

/** How far a pair is interpolated: 0 not at all, 1 by the whole factor. */
type Ramp = (frequency: number, pair: number) => number

function interpolated(frequencies: Float64Array, factor: number, ramp: Ramp): Float64Array {
  return frequencies.map((frequency, pair) => {
    const share = clamped(ramp(frequency, pair))
    return (frequency / factor) * share + frequency * (1 - share)
  })
}

/** Turns within the original length: pairs with more than `fast` stay, those with less than `slow` are interpolated. */
const [fast, slow] = [32, 1]

/** Linear in the index of the pair: the code of YaRN and Hugging Face. */
function pairRamp(headDim: number, base: number, originalLength: number): Ramp {
  const pairThatTurns = (rotations: number) =>
    (headDim * Math.log(originalLength / (2 * Math.PI * rotations))) / (2 * Math.log(base))
  const low = Math.max(Math.floor(pairThatTurns(fast)), 0)
  const high = Math.min(Math.ceil(pairThatTurns(slow)), headDim - 1)
  if (!(low <= high)) {
    throw refusal(
      `yarn is not defined for originalLength ${originalLength} with base ${base}: no pair lies between ${slow} and ` +
        `${fast} rotations. Give a base and an original length that belong together, or take yarn-by-parts.`,
    )
  }
  return (_, pair) => (pair - low) / (low === high ? 0.001 : high - low)
}

/** Linear in the rotations within the original length: the paper of YaRN. */
function rotationRamp(originalLength: number): Ramp {
  return (frequency) => 1 - ((originalLength * frequency) / (2 * Math.PI) - slow) / (fast - slow)
}

function clamped(share: number): number {
  return Math.min(1, Math.max(0, share))
}

function refusal(message: string): SwatError {
  return new SwatError('rotary', `rotaryFrequencies: ${message}`)
}
