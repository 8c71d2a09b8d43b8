import { tf } from '@swat-js/tensor-core'
import type { RecurrenceSizes } from './check-recurrence.js'
import type { RecurrenceResult } from './contract.js'
import { partOf } from './part-of.js'
import type { RecurrenceOutputs } from './token-by-token.js'

/**
 * Cuts sequences into chunks; the last one is filled up with zeros.
 *
 * @param x - `[batch, length, heads, dim]`
 * @param chunk - tokens of a chunk
 * @returns `[chunks, batch · heads, chunk, dim]`
 */
export function intoChunks(x: tf.Tensor4D, chunk: number): tf.Tensor4D {
  const [batch, length, heads, dim] = x.shape
  const chunks = Math.ceil(length / chunk)
  const missing = chunks * chunk - length
  const whole =
    missing === 0
      ? x
      : tf.pad(x, [
          [0, 0],
          [0, missing],
          [0, 0],
          [0, 0],
        ])
  const cut = tf.reshape(whole, [batch, chunks, chunk, heads, dim])
  return tf.reshape(tf.transpose(cut, [1, 0, 3, 2, 4]), [chunks, batch * heads, chunk, dim])
}

/**
 * What a recurrence returns, from chunks of all heads: undoes {@link intoChunks}.
 *
 * @param outputs - output `[chunks, batch · heads, chunk, valueDim]` and state `[batch · heads, keyDim, valueDim]`
 * @param sizes - of the call
 * @returns output `[batch, length, heads, valueDim]` and state `[batch, heads, keyDim, valueDim]`
 */
export function joinHeads({ output, state }: RecurrenceOutputs, sizes: RecurrenceSizes): RecurrenceResult {
  const { batch, length, heads, keyDim, valueDim, chunk } = sizes
  const chunks = output.shape[0]
  const cut = tf.transpose(tf.reshape(output, [chunks, batch, heads, chunk, valueDim]), [1, 0, 3, 2, 4])
  const whole = tf.reshape(cut, [batch, chunks * chunk, heads, valueDim]) as tf.Tensor4D
  return {
    output: chunks * chunk === length ? whole : partOf(whole, 1, 0, length),
    state: tf.reshape(state, [batch, heads, keyDim, valueDim]) as tf.Tensor4D,
  }
}
