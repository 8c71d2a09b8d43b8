import { SwatError, type Random } from '@swat-js/tensor-core'

/** How the next token is drawn. */
export interface SamplingOptions {
  /** Divides the logits; 0 takes the most likely token. Default 1. */
  temperature?: number
  /** Draw from this many most likely tokens; default all. Of equal ones the lower ids stay. */
  topK?: number
  /** Source of randomness; needed unless `temperature` is 0. */
  random?: Random
}

/**
 * Draws a token from logits: `softmax(logits / temperature)` over the `topK` largest.
 *
 * @param logits - one for each token of the vocabulary
 * @param options - see {@link SamplingOptions}
 * @returns a token id
 * @throws SwatError `sampling` when an option makes no sense, `non-finite-logits` when a logit is NaN or +∞
 */
export function sampleToken(logits: ArrayLike<number>, options: SamplingOptions = {}): number {
  checkSampling('sampleToken', options)
  const { temperature = 1, topK = logits.length, random } = options
  const best = largest(logits)
  if (temperature === 0 || !random) return best

  const weights = Float64Array.from(logits, (logit) => Math.exp((logit - logits[best]) / temperature))
  if (topK < logits.length) keepLargest(weights, topK)
  let rest = random.next() * weights.reduce((sum, weight) => sum + weight, 0)
  let drawn = best
  for (let token = 0; token < weights.length; token++) {
    if (weights[token] === 0) continue
    drawn = token
    rest -= weights[token]
    if (rest < 0) break
  }
  return drawn
}

/**
 * Throws unless sampling options make sense.
 *
 * @param caller - the public function that checks, named in the message
 * @param options - see {@link SamplingOptions}
 * @throws SwatError `sampling`
 */
export function checkSampling(caller: string, { temperature = 1, topK = 1, random }: SamplingOptions): void {
  if (!(temperature >= 0 && temperature < Infinity)) {
    throw new SwatError('sampling', `${caller}: temperature must be a number from 0 upwards, but is ${temperature}.`)
  }
  if (!Number.isInteger(topK) || topK < 1) {
    throw new SwatError('sampling', `${caller}: topK must be a positive integer, but is ${topK}. Leave it out for all.`)
  }
  if (temperature > 0 && !random) {
    throw new SwatError('sampling', `${caller}: random is missing. Give createRandom(seed), or temperature 0.`)
  }
}

function largest(logits: ArrayLike<number>): number {
  let best = 0
  for (let token = 0; token < logits.length; token++) {
    if (Number.isNaN(logits[token]) || logits[token] === Infinity) {
      throw new SwatError(
        'non-finite-logits',
        `sampleToken: logits must be finite, but that of token ${token} is ${logits[token]}. Check the weights.`,
      )
    }
    if (logits[token] > logits[best]) best = token
  }
  return best
}

/** Sets all but the `count` largest weights to 0; among equals the first ones stay. */
function keepLargest(weights: Float64Array, count: number): void {
  const threshold = weights.slice().sort()[weights.length - count]
  let equalsLeft = count - weights.reduce((above, weight) => above + (weight > threshold ? 1 : 0), 0)
  for (let token = 0; token < weights.length; token++) {
    if (weights[token] > threshold) continue
    if (weights[token] === threshold && equalsLeft > 0) equalsLeft--
    else weights[token] = 0
  }
}
