import { expectShape, tf } from '@swat-js/tensor-core'
import { freeIntermediates } from '../../swat-transformer/free-intermediates.js'
import { checkRecurrence } from './check-recurrence.js'
import { chunkDecay } from './chunk-decay.js'
import { intoChunks, joinHeads } from './chunks.js'
import type { RecurrenceOptions, RecurrenceResult } from './contract.js'
import { product } from './product.js'
import { initialState, lastState, scanStates, statesBefore } from './scan-states.js'
import { tokenByToken, type RecurrenceOutputs, type RecurrenceTokens } from './token-by-token.js'
import { triangle } from './triangle.js'
import { unitLowerInverse } from './unit-lower-inverse.js'

/** Options of {@link deltaRule}. */
export interface DeltaRuleOptions extends RecurrenceOptions {
  /** Logarithms of the decays, at most 0, `[batch, length, heads]` (Gated DeltaNet); default 0 (DeltaNet). */
  logDecay?: tf.Tensor3D | null
}

const caller = 'deltaRule'

/** The chunk that was fastest. */
const fastest = 64

/**
 * The delta rule with decay: S′ = e^(gₜ) Sₜ₋₁, Sₜ = S′ + βₜ kₜ (vₜ − S′ᵀ kₜ)ᵀ, oₜ = scale · Sₜᵀ qₜ (spec 7: DeltaNet,
 * Gated DeltaNet).
 *
 * Within a chunk, what every token adds follows from the state before the chunk by one unit lower triangular inverse
 * (DeltaNet section 3, the WY form); between chunks the state is carried. Time and memory grow with length · chunk. An
 * input of one token is one step of the recurrence.
 *
 * @param queries - `[batch, length, heads, keyDim]`
 * @param keys - of the same shape; of length at most 1, lest the state grows without bound
 * @param values - `[batch, length, heads, valueDim]`
 * @param beta - how much of its old value a key forgets, 0 to 1: `[batch, length, heads]`
 * @param options - decays, scale, incoming state, chunk
 * @returns output and last state, differentiable with respect to every tensor; the caller's to dispose
 * @throws SwatError `shape` when tensors do not fit each other, `recurrent` when the chunk is not a power of two
 */
export function deltaRule(
  queries: tf.Tensor4D,
  keys: tf.Tensor4D,
  values: tf.Tensor4D,
  beta: tf.Tensor3D,
  options: DeltaRuleOptions = {},
): RecurrenceResult {
  const sizes = checkRecurrence(caller, { queries, keys, values }, options, fastest)
  const { batch, length, heads, keyDim, chunk } = sizes
  const logDecay = options.logDecay ?? null
  expectShape(caller, 'beta', beta, [batch, length, heads])
  if (logDecay) expectShape(caller, 'logDecay', logDecay, [batch, length, heads])

  return freeIntermediates(() => {
    const inChunks = (x: tf.Tensor4D) => intoChunks(x, chunk) // [chunks, batch · heads, chunk, dim]
    const tokens: RecurrenceTokens = {
      queries: inChunks(tf.mul(queries, options.scale ?? keyDim ** -0.5)),
      keys: inChunks(keys),
      values: inChunks(values),
      logDecay: logDecay && inChunks(tf.expandDims(logDecay, 3)),
      beta: inChunks(tf.expandDims(beta, 3)),
    }
    const attend = chunk === 1 ? tokenByToken : inWyForm
    return joinHeads(attend(tokens, initialState(options.state, sizes)), sizes)
  })
}

/**
 * Token t adds kₜ uₜᵀ, and uₜ = βₜ (vₜ − S′ᵀ kₜ) reads S′, in which the u before it are: (I + A) U = β V − β K₀ S, with
 * A the products of earlier keys with kₜ, decayed and times βₜ, K₀ the keys decayed since the start of the chunk and S
 * the state there.
 */
function inWyForm(tokens: RecurrenceTokens, initial: tf.Tensor3D): RecurrenceOutputs {
  const { queries, keys, values, logDecay } = tokens
  const beta = tokens.beta as tf.Tensor4D
  const [, , chunk, keyDim] = keys.shape
  const decay = logDecay && chunkDecay(logDecay)
  const between = decay?.between ?? triangle(chunk, 0)
  const decayed = (x: tf.Tensor4D, factors?: tf.Tensor4D): tf.Tensor4D => (factors ? tf.mul(x, factors) : x)
  const times = (x: tf.Tensor4D, factors: tf.Tensor): tf.Tensor4D => tf.mul(x, factors)

  const keyProducts = times(product(keys, keys, { transposeB: true }), between) // [chunks, rows, chunk, chunk]
  const inverse = unitLowerInverse(times(keyProducts, beta)) as tf.Tensor4D // [chunks, rows, chunk, chunk]
  const fromValues = product(inverse, times(values, beta)) // [chunks, rows, chunk, valueDim]
  const fromState = product(inverse, times(decayed(keys, decay?.sinceStart), beta)) // [chunks, rows, chunk, keyDim]

  const keysToEnd = decayed(keys, decay?.toEnd)
  const kept = tf.mul(tf.eye(keyDim), decay?.whole ?? 1) // [.., keyDim, keyDim]
  const transitions: tf.Tensor4D = tf.sub(kept, product(keysToEnd, fromState, { transposeA: true }))
  const updates = product(keysToEnd, fromValues, { transposeA: true }) // [chunks, rows, keyDim, valueDim]
  const states = scanStates(transitions, updates, initial)

  const before = statesBefore(states)
  const added: tf.Tensor4D = tf.sub(fromValues, product(fromState, before)) // [chunks, rows, chunk, valueDim]
  const weights = times(product(queries, keys, { transposeB: true }), between)
  const outside = product(decayed(queries, decay?.sinceStart), before)
  return { output: tf.add(product(weights, added), outside), state: lastState(states) }
}
