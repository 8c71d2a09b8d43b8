/** A token and how likely the model thinks it is. */
export interface TokenLogProbability {
  /** Its id. */
  token: number
  /** Natural logarithm of its probability. */
  logProbability: number
}

/** How likely a token is, beside the likeliest ones. */
export interface TokenLogProbabilities {
  /** Natural logarithm of the probability of the token that was asked for. */
  logProbability: number
  /** The likeliest tokens, the first one first. */
  likeliest: TokenLogProbability[]
}

/**
 * How likely a model thinks a token is: `log softmax(logits)`, of the model's own distribution, before repetition
 * penalty, temperature and truncation.
 *
 * @param logits - one for each token of the vocabulary
 * @param token - the token that is asked for
 * @param count - how many of the likeliest tokens are told too
 * @returns nats, at most 0, and the likeliest tokens, the first one first; of equal ones the lower id comes first
 */
export function tokenLogProbabilities(logits: ArrayLike<number>, token: number, count: number): TokenLogProbabilities {
  let largest = -Infinity
  for (let i = 0; i < logits.length; i++) largest = Math.max(largest, logits[i])
  let sum = 0
  for (let i = 0; i < logits.length; i++) sum += Math.exp(logits[i] - largest)
  const logSum = largest + Math.log(sum)

  const likeliest: number[] = []
  for (let i = 0; i < logits.length && count > 0; i++) {
    if (likeliest.length === count && !(logits[i] > logits[likeliest[count - 1]])) continue
    let place = likeliest.length
    while (place > 0 && logits[i] > logits[likeliest[place - 1]]) place--
    likeliest.splice(place, 0, i)
    likeliest.length = Math.min(likeliest.length, count)
  }
  return {
    logProbability: logits[token] - logSum,
    likeliest: likeliest.map((other) => ({ token: other, logProbability: logits[other] - logSum })),
  }
}
