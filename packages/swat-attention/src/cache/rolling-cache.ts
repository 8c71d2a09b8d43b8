import { expectShape, SwatError, tf } from '@swat-js/tensor-core'
import { expectInteger } from '../expect-integer.js'

/**
 * The past of one attention layer: the last keys and values that a future query can still see. A value: it never
 * changes, every step returns a new one. Keys are stored rotated, at their absolute positions.
 */
export type RollingCache = {
  /** `[batch, kept, kvHeads, headDim]`, rotated */
  readonly keys: tf.Tensor4D
  /** `[batch, kept, kvHeads, headDim]` */
  readonly values: tf.Tensor4D
  /** Number of tokens seen so far = absolute position of the next token. */
  readonly position: number
}

/**
 * The cache before the first token.
 *
 * @param options - number of sequences, key and value heads, size of a head
 * @returns an empty cache; the caller's to dispose
 * @throws SwatError `attention` when a number is not a positive integer
 */
export function createRollingCache(options: {
  /** Number of sequences. */
  batchSize: number
  /** Number of key and value heads. */
  kvHeads: number
  /** Size of a head. */
  headDim: number
}): RollingCache {
  for (const [name, value] of Object.entries(options)) {
    expectInteger('createRollingCache', name, value, 1, 'Take it from the model configuration.')
  }
  const { batchSize, kvHeads, headDim } = options
  const empty = () => tf.tensor4d([], [batchSize, 0, kvHeads, headDim])
  return { keys: empty(), values: empty(), position: 0 }
}

/** What {@link extendRollingCache} returns. */
export type ExtendedCache = {
  /** `[batch, kept + length, kvHeads, headDim]`: the keys to attend to */
  keys: tf.Tensor4D
  /** `[batch, kept + length, kvHeads, headDim]` */
  values: tf.Tensor4D
  /** Absolute position of the first of these keys. */
  keyOffset: number
  /** The cache after these tokens. */
  cache: RollingCache
}

/**
 * Joins new keys and values to the past. Attend to all of the returned keys; only the returned cache is cut to the last
 * `window − 1`, so that chunks of any length see their full window (spec 10.3).
 *
 * @param past - stays the caller's to dispose
 * @param keys - `[batch, length, kvHeads, headDim]`, rotated at positions `past.position` …
 * @param values - `[batch, length, kvHeads, headDim]`
 * @param window - number of keys a query sees, itself included; null keeps all
 * @returns keys and values to attend to and the new cache, which may share tensors: dispose all within one `tf.tidy`
 * that returns the cache
 * @throws SwatError `shape` when the new keys do not fit the past, `attention` when the window makes no sense
 */
export function extendRollingCache(
  past: RollingCache,
  keys: tf.Tensor4D,
  values: tf.Tensor4D,
  window: number | null,
): ExtendedCache {
  const [batchSize, kept, kvHeads, headDim] = past.keys.shape
  expectShape('extendRollingCache', 'keys', keys, [batchSize, 'length', kvHeads, headDim])
  expectShape('extendRollingCache', 'values', values, keys.shape)
  if (window !== null)
    expectInteger('extendRollingCache', 'window', window, 1, 'Give the window of the attention, or null.')
  if (window !== null && kept > window - 1 && kept > 0) {
    throw new SwatError(
      'attention',
      `extendRollingCache: the cache holds ${kept} keys, but a window of ${window} needs ${window - 1} at most. ` +
        'Use one window for the whole stream.',
    )
  }
  const all = {
    keys: kept === 0 ? keys : tf.concat([past.keys, keys], 1),
    values: kept === 0 ? values : tf.concat([past.values, values], 1),
  }
  const position = past.position + keys.shape[1]
  return {
    ...all,
    keyOffset: past.position - kept,
    cache: { keys: last(all.keys, window), values: last(all.values, window), position },
  }
}

/** The last window − 1 along the second axis. */
function last(tensor: tf.Tensor4D, window: number | null): tf.Tensor4D {
  const [batchSize, length, kvHeads, headDim] = tensor.shape
  const kept = window === null ? length : Math.min(length, window - 1)
  if (kept === 0) return tf.tensor4d([], [batchSize, 0, kvHeads, headDim])
  return kept === length ? tf.clone(tensor) : tf.slice(tensor, [0, length - kept, 0, 0], [-1, kept, -1, -1])
}

/**
 * Frees a cache.
 *
 * @param cache - the cache
 */
export function disposeRollingCache(cache: RollingCache): void {
  cache.keys.dispose()
  cache.values.dispose()
}
