import { SwatError } from '@swat-js/tensor-core'

/**
 * The base that does what NTK-aware scaling does: `base · factor^(headDim / (headDim − 2))` (spec 2).
 *
 * @param headDim - size of a head; even, at least 4
 * @param base - base of the model as it was trained
 * @param factor - how many times longer texts become
 * @returns the larger base
 * @throws SwatError `rotary` when a head has a single pair: its frequency is the first and the last
 */
export function ntkBase(headDim: number, base: number, factor: number): number {
  if (headDim <= 2) {
    throw new SwatError(
      'rotary',
      `ntkBase: headDim must be at least 4, because the first frequency stays and the last is divided, but is ${headDim}. ` +
        'Choose larger heads or another scaling.',
    )
  }
  return base * factor ** (headDim / (headDim - 2))
}
