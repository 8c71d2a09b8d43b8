import { SwatError } from '@swat-js/tensor-core'
import { expectRotaryScaling } from './expect-rotary-scaling.js'
import type { RotaryScaling, StaticRotaryScaling } from './rotary-scaling.js'

/**
 * What a scaling is for a text of one length. A dynamic scaling is a static one whose factor grows with the text, from
 * none at the original length (spec 2): `dynamic-linear` becomes `linear`, `dynamic-ntk` becomes `ntk`.
 *
 * All rotations change with the factor, those of earlier tokens too. Whoever keeps rotated keys – a cache – has to
 * settle on the longest length before the first token, and use the scaling at that length throughout.
 *
 * @param scaling - any scaling, or none
 * @param length - tokens of the whole text
 * @returns static scalings as they are; undefined for none, and for dynamic ones up to the original length
 * @throws SwatError `rotary` when the scaling is unknown, a number of it makes no sense or `length` is not a positive
 * integer
 */
export function rotaryScalingAt(scaling: RotaryScaling | undefined, length: number): StaticRotaryScaling | undefined {
  if (!Number.isSafeInteger(length) || length < 1) {
    throw new SwatError('rotary', `rotaryScalingAt: length must be a positive integer, but is ${length}.`)
  }
  if (scaling === undefined) return undefined
  expectRotaryScaling('rotaryScalingAt', scaling)
  if (scaling.type !== 'dynamic-linear' && scaling.type !== 'dynamic-ntk') return scaling
  const stretch = length / scaling.originalLength
  if (stretch <= 1) return undefined
  if (scaling.type === 'dynamic-linear') return { type: 'linear', factor: stretch }
  return { type: 'ntk', factor: scaling.factor * stretch - (scaling.factor - 1) }
}
