import { chooseKernel, expectShape, kernelRequest, SwatError, tf } from '@swat-js/tensor-core'
import { reserveRows } from '../cache/reserve-rows.js'
import { memoryOf, type RollingCache } from '../cache/rolling-cache.js'
import { expectInteger } from '../expect-integer.js'
import { checkHeads } from '../op/check-inputs.js'
import { checkTerms, givenTerms, type Term } from '../op/terms.js'
import type { CachedAttentionInputs, CachedAttentionOptions, CachedAttentionResult } from './contract.js'
import { kernels } from './kernels/index.js'
import { placesOf } from './places.js'

const caller = 'cachedAttention'

/**
 * Attention of new tokens to themselves and to the past of their streams (SWAT Eq. 5; spec 2, 10.3): what
 * `swatAttention` gives for these tokens within the whole sequences, at a cost that does not depend on how much went
 * before. A chunk may have any length, also beyond the window: it sees the `window − 1` keys before it and all of its
 * own, and then the last `window − 1` of them are kept. The sequences of a batch may stand at different positions.
 *
 * The cache is consumed: new keys are written to its memory, in place where the engine allows (wasm, webgpu), and that
 * memory goes on to the cache that is returned. Using the old cache again is an error, on every engine alike; when the
 * call throws, it was not consumed.
 *
 * Inference only: within `tf.grad` and its like it is an error, as the next step overwrites what the backward pass
 * would need.
 *
 * @param queries - `[batch, length, heads, headDim]`, rotated at positions `cache.positions[b]` …
 * @param keys - `[batch, length, kvHeads, headDim]`, rotated likewise; `heads` is a multiple of `kvHeads`
 * @param values - `[batch, length, kvHeads, headDim]`
 * @param cache - the past; it knows window and sinks
 * @param options - activation, position terms, lengths, kernel choice
 * @returns `output`, `[batch, length, heads, headDim]`, and the cache after these tokens
 * @throws SwatError `cache` when the cache was consumed or disposed of, `shape` when tensors do not fit it, `attention`
 * when an option makes no sense, `no-gradient` within `tf.grad` and its like
 */
export function cachedAttention(
  queries: tf.Tensor4D,
  keys: tf.Tensor4D,
  values: tf.Tensor4D,
  cache: RollingCache,
  options: CachedAttentionOptions = {},
): CachedAttentionResult {
  const memory = memoryOf(caller, cache)
  expectNoTape()
  check(queries, keys, values, cache, options)
  const { batchSize, kvHeads, headDim, window, sinks } = cache
  const [, length, heads] = queries.shape
  const lengths = options.lengths ?? new Array<number>(batchSize).fill(length)
  const activation = options.activation ?? 'sigmoid'
  const terms = givenTerms(options, heads)
  const request = {
    ...kernelRequest(options.kernels),
    ...{ batchSize, length, heads, kvHeads, headDim, window, activation, sinks },
    terms: terms.map(({ name }) => name),
  } as const
  const kernel = chooseKernel(caller, kernels, request, options.kernels)

  reserveRows(cache, lengths)
  const settings = {
    ...{ sinks, capacity: memory.keys.shape[1] - sinks, places: placesOf(cache, lengths) },
    ...{ activation, scale: options.scale ?? headDim ** -0.5, window: window ?? Infinity },
  }
  const output = tf.tidy(() => {
    const tensorOf = ({ value }: Term) => (value instanceof tf.Tensor ? asFloat32(value) : tf.tensor1d(value))
    const nothing = { slopes: null, bias: null, distanceTable: null, sinkLogits: null }
    const given = Object.fromEntries(terms.map((term) => [term.name, tensorOf(term)]))
    const tokens = { queries: asFloat32(queries), keys: asFloat32(keys), values: asFloat32(values) }
    const past = { pastKeys: memory.keys, pastValues: memory.values }
    const inputs = { ...settings, ...tokens, ...past, ...nothing, ...given } as CachedAttentionInputs
    const { output, pastKeys, pastValues } = kernel.attend(inputs)
    if (pastKeys !== memory.keys) tf.dispose([memory.keys, memory.values])
    Object.assign(memory, { keys: tf.keep(pastKeys), values: tf.keep(pastValues) })
    return output
  })
  const positions = cache.positions.map((position, b) => position + lengths[b])
  return { output, cache: { ...cache, positions, state: ++memory.state } }
}

/** Known only after the cache was consumed otherwise: the backward pass comes last. */
function expectNoTape(): void {
  const { gradientDepth, kernelDepth } = tf.engine().state
  if (gradientDepth === 0 || kernelDepth > 0) return // within an op of our own the tape is off
  throw new SwatError(
    'no-gradient',
    `${caller}: there is no gradient through a cache, whose memory the next step overwrites. Train with ` +
      'swatAttention on whole sequences.',
  )
}

function check(
  queries: tf.Tensor4D,
  keys: tf.Tensor4D,
  values: tf.Tensor4D,
  { batchSize, kvHeads, headDim, positions }: RollingCache,
  options: CachedAttentionOptions,
): void {
  expectShape(caller, 'queries', queries, [batchSize, 'length', 'heads', headDim])
  const [, length, heads] = queries.shape
  expectShape(caller, 'keys', keys, [batchSize, length, kvHeads, headDim])
  expectShape(caller, 'values', values, keys.shape)
  if (queries.size === 0) {
    throw new SwatError(
      'shape',
      `${caller}: queries must not be empty, but have shape [${queries.shape.join(', ')}]. Give at least one token.`,
    )
  }
  checkHeads(caller, heads, kvHeads)
  checkTerms(caller, options, heads)
  const { lengths } = options
  if (
    lengths &&
    (lengths.length !== batchSize || !lengths.every((n) => Number.isInteger(n) && n >= 0 && n <= length))
  ) {
    throw new SwatError(
      'attention',
      `${caller}: lengths must hold one integer from 0 to ${length} for each of the ${batchSize} sequences, but is ` +
        `[${lengths.join(', ')}]. Leave it out when no token is padding.`,
    )
  }
  const wayOut = 'Positions beyond 2^53 are not exact: restart the sequence.'
  positions.forEach((position) => expectInteger(caller, 'the last new position', position + length, 0, wayOut))
}

function asFloat32(tensor: tf.Tensor): tf.Tensor {
  return tensor.dtype === 'float32' ? tensor : tf.cast(tensor, 'float32')
}
