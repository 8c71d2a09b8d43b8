import { SwatError } from '@swat-js/tensor-core'

/**
 * Rotary frequencies `base^(−2i / headDim)` in radians per position (spec 2).
 *
 * @param headDim - size of a head; even
 * @param base - default 10000
 * @returns `[headDim / 2]`, falling from 1
 * @throws SwatError `rotary` when `headDim` is not a positive even integer or `base` not a positive number
 */
export function rotaryFrequencies(headDim: number, base = 10_000): Float64Array {
  if (!Number.isInteger(headDim) || headDim <= 0 || headDim % 2 !== 0) {
    throw new SwatError(
      'rotary',
      `rotaryFrequencies: headDim must be a positive even integer, because it is rotated in pairs, but is ${headDim}. ` +
        'Choose an even head size or switch rotary positions off.',
    )
  }
  if (!(base > 0) || !Number.isFinite(base)) {
    throw new SwatError(
      'rotary',
      `rotaryFrequencies: base must be a positive number, but is ${base}. The usual base is 10000.`,
    )
  }
  return Float64Array.from({ length: headDim / 2 }, (_, i) => base ** ((-2 * i) / headDim))
}
