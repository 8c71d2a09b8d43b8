import { checkSampling, type SamplingOptions } from './sampling-options.js'
import { tokenProbabilities } from './token-probabilities.js'

/**
 * Draws a token: from {@link tokenProbabilities}, by one number of `random`.
 *
 * @param logits - one for each token of the vocabulary
 * @param options - see {@link SamplingOptions}
 * @param seen - the tokens of the text so far; needed for `repetitionPenalty`
 * @returns a token id
 * @throws SwatError `sampling` when an option makes no sense, `non-finite-logits` when a logit is NaN or +∞
 */
export function sampleToken(
  logits: ArrayLike<number>,
  options: SamplingOptions = {},
  seen?: ReadonlySet<number>,
): number {
  checkSampling('sampleToken', options)
  const probabilities = tokenProbabilities(logits, options, seen)
  if (options.temperature === 0 || !options.random) return probabilities.indexOf(1)
  let rest = options.random.next()
  let drawn = 0
  for (let token = 0; token < probabilities.length; token++) {
    if (probabilities[token] === 0) continue
    drawn = token
    rest -= probabilities[token]
    if (rest < 0) break
  }
  return drawn
}
