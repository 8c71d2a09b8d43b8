import { expectShape, SwatError, type tf } from '@swat-js/tensor-core'
import type { RecurrenceOptions } from './contract.js'

/** Sizes of one call. */
export interface RecurrenceSizes {
  /** Number of sequences. */
  batch: number
  /** Tokens of each. */
  length: number
  /** Number of heads. */
  heads: number
  /** Size of a query and a key. */
  keyDim: number
  /** Size of a value. */
  valueDim: number
  /** Tokens that are computed together. */
  chunk: number
}

/**
 * Checks what both recurrences take.
 *
 * @param caller - the public function, named in messages
 * @param tensors - queries, keys and values
 * @param options - of the call
 * @param fastest - the chunk for inputs that are long enough
 * @returns the sizes
 * @throws SwatError `shape` when tensors do not fit each other, `recurrent` when the chunk is not a power of two
 */
export function checkRecurrence(
  caller: string,
  { queries, keys, values }: { queries: tf.Tensor4D; keys: tf.Tensor4D; values: tf.Tensor4D },
  options: RecurrenceOptions,
  fastest: number,
): RecurrenceSizes {
  expectShape(caller, 'queries', queries, ['batch', 'length', 'heads', 'keyDim'])
  const [batch, length, heads, keyDim] = queries.shape
  expectShape(caller, 'keys', keys, queries.shape)
  expectShape(caller, 'values', values, [batch, length, heads, 'valueDim'])
  const valueDim = values.shape[3]
  if (options.state) expectShape(caller, 'state', options.state, [batch, heads, keyDim, valueDim])
  if (queries.size === 0 || values.size === 0) {
    throw new SwatError(
      'shape',
      `${caller}: there must be at least one token, but queries are [${queries.shape.join(', ')}] and values ` +
        `[${values.shape.join(', ')}].`,
    )
  }
  const longest = 2 ** Math.ceil(Math.log2(length)) // one chunk for all of a short input
  const chunk = options.chunk ?? fastest
  if (!Number.isInteger(Math.log2(chunk)) || chunk < 1) {
    throw new SwatError(
      'recurrent',
      `${caller}: chunk must be a power of two from 1 on, but is ${chunk}. Leave it out to have the fastest.`,
    )
  }
  return { batch, length, heads, keyDim, valueDim, chunk: Math.min(chunk, longest) }
}
