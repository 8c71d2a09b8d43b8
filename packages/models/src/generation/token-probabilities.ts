import { SwatError } from '@swat-js/tensor-core'
import { checkDistribution, type SamplingOptions } from './sampling-options.js'

/**
 * The distribution that the next token is drawn from: logits → repetition penalty → softmax(· / temperature) → topK →
 * topP → minP → shares of what is left. See {@link SamplingOptions} for each rule and its source.
 *
 * @param logits - one for each token of the vocabulary; −∞ is a token that cannot come
 * @param options - see {@link SamplingOptions}; `random` is not used
 * @param seen - the tokens of the text so far; needed for `repetitionPenalty`
 * @returns `[vocab]` in double precision: adds up to 1, 0 for tokens that were taken out
 * @throws SwatError `sampling` when an option makes no sense, `non-finite-logits` when a logit is NaN or +∞, or all are
 * −∞
 */
export function tokenProbabilities(
  logits: ArrayLike<number>,
  options: SamplingOptions = {},
  seen?: ReadonlySet<number>,
): Float64Array {
  checkDistribution('tokenProbabilities', options)
  const { repetitionPenalty = 1, temperature = 1, topK = Infinity, topP = 1, minP = 0 } = options
  const scores = Float64Array.from(logits)
  expectFinite(scores)
  if (repetitionPenalty !== 1) penalise(scores, repetitionPenalty, seen)
  const likeliest = indexOfLargest(scores)
  const best = scores[likeliest]
  if (temperature === 0) return scores.fill(0).fill(1, likeliest, likeliest + 1)

  const weightOf = (score: number) => Math.exp((score - best) / temperature) // that of the likeliest is 1
  if (topK < scores.length || topP < 1) keepLargest(scores, weightOf, topK, topP)
  const weights = scores.map(weightOf)
  let sum = 0
  for (let token = 0; token < weights.length; token++) {
    if (weights[token] < minP) weights[token] = 0
    sum += weights[token]
  }
  return weights.map((weight) => weight / sum)
}

function expectFinite(logits: Float64Array): void {
  const wrong = logits.findIndex((logit) => Number.isNaN(logit) || logit === Infinity)
  const found =
    wrong >= 0
      ? `that of token ${wrong} is ${logits[wrong]}`
      : logits.every((logit) => logit === -Infinity) && 'none of them is'
  if (!found) return
  throw new SwatError(
    'non-finite-logits',
    `tokenProbabilities: logits must be finite, but ${found}. Check the weights.`,
  )
}

function penalise(scores: Float64Array, penalty: number, seen: ReadonlySet<number> | undefined): void {
  if (!seen) {
    throw new SwatError(
      'sampling',
      'tokenProbabilities: repetitionPenalty needs the tokens of the text so far. Give them as the last argument, `seen`.',
    )
  }
  for (const token of seen) {
    scores[token] = scores[token] < 0 ? scores[token] * penalty : scores[token] / penalty
  }
}

function indexOfLargest(scores: Float64Array): number {
  let best = 0
  for (let token = 1; token < scores.length; token++) if (scores[token] > scores[best]) best = token
  return best
}

/**
 * Makes all but the `topK` largest scores impossible, and of those all but the fewest largest whose weights make up
 * `topP` of their sum; among equals the first ones stay.
 */
function keepLargest(scores: Float64Array, weightOf: (score: number) => number, topK: number, topP: number): void {
  const largestFirst = scores.slice().sort().reverse().subarray(0, Math.min(topK, scores.length))
  let kept = largestFirst.length
  if (topP < 1) {
    const weights = largestFirst.map(weightOf)
    const goal = topP * weights.reduce((sum, weight) => sum + weight, 0)
    let mass = 0
    for (kept = 0; mass < goal; kept++) mass += weights[kept]
  }
  const least = largestFirst[kept - 1]
  let equalsLeft = kept - largestFirst.indexOf(least)
  for (let token = 0; token < scores.length; token++) {
    if (scores[token] > least) continue
    if (scores[token] === least && equalsLeft > 0) equalsLeft--
    else scores[token] = -Infinity
  }
}
