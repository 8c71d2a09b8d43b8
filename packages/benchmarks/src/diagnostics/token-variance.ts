/**
 * Variance of each token over its channels, unbiased (spec 8.2, SWAT Fig. 3).
 *
 * @param states - hidden states, `[tokens, channels]`
 * @param channels - how many; two at least
 * @returns one number a token
 */
export function tokenVariance(states: ArrayLike<number>, channels: number): Float64Array {
  return Float64Array.from({ length: states.length / channels }, (_, token) => {
    let [mean, squares] = [0, 0]
    for (let d = 0; d < channels; d++) mean += states[token * channels + d] / channels
    for (let d = 0; d < channels; d++) squares += (states[token * channels + d] - mean) ** 2
    return squares / (channels - 1)
  })
}
