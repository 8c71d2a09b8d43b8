import { tf } from '@swat-js/tensor-core'
import { partOf } from './part-of.js'
import { product } from './product.js'

/** Attention within chunks whose decay is another for each channel of the keys. */
export interface ChannelDecay {
  /** What the tokens of a chunk read from each other: `[chunks, rows, chunk, valueDim]`. */
  inside: tf.Tensor4D
  /** Decay from the state before the chunk to token t, t included: `[chunks, rows, chunk, keyDim]`. */
  sinceStart: tf.Tensor4D
  /** Decay from token s to the state after the chunk: `[chunks, rows, chunk, keyDim]`. */
  toEnd: tf.Tensor4D
  /** Decay from the state before the chunk to that after it: `[chunks, rows, keyDim, 1]`. */
  whole: tf.Tensor4D
}

/**
 * Linear attention within chunks under a decay for each channel (GLA section 4.3), by halves: the second half of a
 * stretch reads the first through the point between them, then each half is a stretch of its own. Queries are decayed
 * from that point on, keys up to it, so every exponent is a sum of logarithms that are at most 0: nothing overflows, no
 * difference is taken, and there is no `[chunk, chunk, keyDim]` tensor.
 *
 * @param queries - `[chunks, rows, chunk, keyDim]`, chunk a power of two
 * @param keys - of the same shape
 * @param values - `[chunks, rows, chunk, valueDim]`
 * @param logDecay - of the shape of `keys`, at most 0
 * @returns see {@link ChannelDecay}; differentiable
 */
export function channelDecay(
  queries: tf.Tensor4D,
  keys: tf.Tensor4D,
  values: tf.Tensor4D,
  logDecay: tf.Tensor4D,
): ChannelDecay {
  const [chunks, rows, chunk, keyDim] = keys.shape
  const valueDim = values.shape[3]

  // joined from stretches of one token, each [stretches, tokens, dim]
  let inside = tf.mul(tf.sum(tf.mul(queries, keys), 3, true), values) as tf.Tensor
  let sinceStart: tf.Tensor = logDecay
  let toEnd: tf.Tensor = tf.zerosLike(logDecay)

  for (let half = 1; half < chunk; half *= 2) {
    const [first, second] = halvesOf(sinceStart, half)
    const [firstToEnd, secondToEnd] = halvesOf(toEnd, half)
    const reading = tf.mul(oneHalfOf(queries, half, 1), tf.exp(second)) // [pairs, half, keyDim]
    const read = tf.mul(oneHalfOf(keys, half, 0), tf.exp(firstToEnd)) // [pairs, half, keyDim]
    const weights = product(reading, read, { transposeB: true }) // [pairs, half, half]
    const [firstInside, secondInside] = halvesOf(inside, half)
    const across = product(weights, oneHalfOf(values, half, 0)) // [pairs, half, valueDim]

    inside = tf.concat([firstInside, tf.add(secondInside, across)], 1)
    sinceStart = tf.concat([first, tf.add(second, lastOf(first))], 1)
    toEnd = tf.concat([tf.add(firstToEnd, lastOf(second)), secondToEnd], 1)
  }

  const whole = tf.exp(lastOf(tf.reshape(sinceStart, [chunks * rows, chunk, keyDim])))
  return {
    inside: tf.reshape(inside, [chunks, rows, chunk, valueDim]),
    sinceStart: tf.reshape(tf.exp(sinceStart), [chunks, rows, chunk, keyDim]),
    toEnd: tf.reshape(tf.exp(toEnd), [chunks, rows, chunk, keyDim]),
    whole: tf.reshape(whole, [chunks, rows, keyDim, 1]),
  }
}

function halvesOf(x: tf.Tensor, half: number): [tf.Tensor, tf.Tensor] {
  return [oneHalfOf(x, half, 0), oneHalfOf(x, half, 1)]
}

function oneHalfOf(x: tf.Tensor, half: number, which: 0 | 1): tf.Tensor {
  const dim = x.shape[x.rank - 1]
  return tf.reshape(partOf(tf.reshape(x, [-1, 2, half, dim]), 1, which, 1), [-1, half, dim])
}

/** The last token of each stretch, `[stretches, 1, dim]`. */
function lastOf(x: tf.Tensor): tf.Tensor {
  return partOf(x, 1, (x.shape[1] as number) - 1, 1)
}
