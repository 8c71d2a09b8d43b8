import { SwatError } from '@swat-js/tensor-core'
import type { RotaryScaling } from './rotary-scaling.js'

/** The types of all scalings. */
const types: readonly RotaryScaling['type'][] = [
  'linear',
  'ntk',
  'yarn',
  'yarn-by-parts',
  'dynamic-linear',
  'dynamic-ntk',
]

/**
 * Makes sure that a scaling is of a known type and has numbers that make sense.
 *
 * @param caller - the function that was called, for the message
 * @param scaling - what it was called with
 * @throws SwatError `rotary` that names what is wrong
 */
export function expectRotaryScaling(caller: string, scaling: RotaryScaling): void {
  const refuse = (message: string) => new SwatError('rotary', `${caller}: ${message}`)
  if (!types.includes(scaling.type)) {
    throw refuse(`scaling.type must be one of ${types.join(', ')}, but is ${String(scaling.type)}.`)
  }
  if ('factor' in scaling && !(scaling.factor >= 1 && Number.isFinite(scaling.factor))) {
    throw refuse(`scaling.factor must be a number of at least 1, but is ${scaling.factor}. 1 changes nothing.`)
  }
  if ('originalLength' in scaling && !(Number.isSafeInteger(scaling.originalLength) && scaling.originalLength > 0)) {
    throw refuse(
      `scaling.originalLength must be a positive integer, but is ${scaling.originalLength}. ` +
        'Give the number of tokens in a training sequence.',
    )
  }
  if ('mscale' in scaling && scaling.mscale !== undefined && !(scaling.mscale > 0 && Number.isFinite(scaling.mscale))) {
    throw refuse(`scaling.mscale must be a positive number, but is ${scaling.mscale}. 1 leaves the logits as they are.`)
  }
}
