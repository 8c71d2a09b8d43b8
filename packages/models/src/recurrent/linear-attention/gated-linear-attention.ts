import { expectShape, tf } from '@swat-js/tensor-core'
import { freeIntermediates } from '../../swat-transformer/free-intermediates.js'
import { channelDecay } from './channel-decay.js'
import { checkRecurrence } from './check-recurrence.js'
import { chunkDecay } from './chunk-decay.js'
import { intoChunks, joinHeads } from './chunks.js'
import type { RecurrenceOptions, RecurrenceResult } from './contract.js'
import { product } from './product.js'
import { initialState, lastState, scanStates, statesBefore } from './scan-states.js'
import { tokenByToken, type RecurrenceOutputs, type RecurrenceTokens } from './token-by-token.js'
import { triangle } from './triangle.js'

/** Options of {@link gatedLinearAttention}. */
export interface GatedLinearAttentionOptions extends RecurrenceOptions {
  /**
   * Logarithms of the decays, at most 0: one for each token and head, `[batch, length, heads]` (RetNet, Mamba-2), or
   * one for each channel of the key, `[batch, length, heads, keyDim]` (GLA). Default 0: nothing is forgotten.
   */
  logDecay?: tf.Tensor3D | tf.Tensor4D | null
}

const caller = 'gatedLinearAttention'

/** Chunks that were fastest, with one decay for a head and with one for each channel. */
const fastest = { head: 64, channel: 16 }

/**
 * Causal linear attention with decay: Sₜ = e^(gₜ) Sₜ₋₁ + kₜ vₜᵀ, oₜ = scale · Sₜᵀ qₜ (spec 7: RetNet, GLA, Mamba-2).
 *
 * Within a chunk tokens read each other through dense products, between chunks the state is carried: time and memory
 * grow with length · chunk. An input of one token is one step of the recurrence.
 *
 * @param queries - `[batch, length, heads, keyDim]`
 * @param keys - of the same shape
 * @param values - `[batch, length, heads, valueDim]`
 * @param options - decays, scale, incoming state, chunk
 * @returns output and last state, differentiable with respect to every tensor; the caller's to dispose
 * @throws SwatError `shape` when tensors do not fit each other, `recurrent` when the chunk is not a power of two
 */
export function gatedLinearAttention(
  queries: tf.Tensor4D,
  keys: tf.Tensor4D,
  values: tf.Tensor4D,
  options: GatedLinearAttentionOptions = {},
): RecurrenceResult {
  const logDecay = options.logDecay ?? null
  const byChannel = logDecay?.rank === 4
  const sizes = checkRecurrence(caller, { queries, keys, values }, options, byChannel ? fastest.channel : fastest.head)
  const { batch, length, heads, keyDim, chunk } = sizes
  if (logDecay) {
    expectShape(caller, 'logDecay', logDecay, byChannel ? keys.shape : [batch, length, heads])
  }

  return freeIntermediates(() => {
    const inChunks = (x: tf.Tensor4D) => intoChunks(x, chunk) // [chunks, batch · heads, chunk, dim]
    const tokens: RecurrenceTokens = {
      queries: inChunks(tf.mul(queries, options.scale ?? keyDim ** -0.5)),
      keys: inChunks(keys),
      values: inChunks(values),
      logDecay: logDecay && inChunks(byChannel ? (logDecay as tf.Tensor4D) : tf.expandDims(logDecay, 3)),
      beta: null,
    }
    const initial = initialState(options.state, sizes)
    const attend = chunk === 1 ? tokenByToken : byChannel ? withChannelDecay : withHeadDecay
    return joinHeads(attend(tokens, initial), sizes)
  })
}

function withHeadDecay({ queries, keys, values, logDecay }: RecurrenceTokens, initial: tf.Tensor3D): RecurrenceOutputs {
  const [chunks, rows, chunk] = keys.shape
  const decay = logDecay && chunkDecay(logDecay)
  const decayed = (x: tf.Tensor4D, factors?: tf.Tensor4D): tf.Tensor4D => (factors ? tf.mul(x, factors) : x)

  const scores = product(queries, keys, { transposeB: true }) // [chunks, rows, chunk, chunk]
  const inside = product(tf.mul<tf.Tensor4D>(scores, decay?.between ?? triangle(chunk, 0)), values)
  const updates = product(decayed(keys, decay?.toEnd), values, { transposeA: true }) // [chunks, rows, keyDim, valueDim]
  const states = scanStates(decay?.whole ?? tf.ones([chunks, rows, 1, 1]), updates, initial)
  const outside = product(decayed(queries, decay?.sinceStart), statesBefore(states))
  return { output: tf.add(inside, outside), state: lastState(states) }
}

function withChannelDecay(tokens: RecurrenceTokens, initial: tf.Tensor3D): RecurrenceOutputs {
  const { queries, keys, values } = tokens
  const { inside, sinceStart, toEnd, whole } = channelDecay(queries, keys, values, tokens.logDecay as tf.Tensor4D)
  const updates = product(tf.mul<tf.Tensor4D>(keys, toEnd), values, { transposeA: true }) // [chunks, rows, keyDim, valueDim]
  const states = scanStates(whole, updates, initial)
  const outside = product(tf.mul<tf.Tensor4D>(queries, sinceStart), statesBefore(states))
  return { output: tf.add(inside, outside), state: lastState(states) }
}
