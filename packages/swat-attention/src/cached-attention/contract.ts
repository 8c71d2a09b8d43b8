import type { Kernel, KernelPolicy, KernelRequest, tf } from '@swat-js/tensor-core'
import type { RollingCache } from '../cache/rolling-cache.js'
import type { AttentionActivation, AttentionTerm } from '../op/contract.js'

/** What the op tells its kernels about a call. */
export interface CachedAttentionRequest extends KernelRequest {
  /** Number of sequences. */
  batchSize: number
  /** Number of new tokens a sequence, padding included. */
  length: number
  /** Number of query heads. */
  heads: number
  /** Number of key and value heads. */
  kvHeads: number
  /** Size of a head. */
  headDim: number
  /** Number of keys a query sees, itself included; null = every earlier key. */
  window: number | null
  /** What turns logits into weights. */
  activation: AttentionActivation
  /** Number of first keys that stay visible. */
  sinks: number
  /** Which of the optional terms take part. */
  terms: readonly AttentionTerm[]
}

/**
 * Where one sequence stands. Kernels see no absolute position but `position`, which only distances to sinks need:
 * everything else is small and exact.
 */
export interface SequencePlace {
  /** Number of new tokens; the rest of the sequence's row is padding. */
  count: number
  /** Row of the ring, counted from its start, where the first new token goes; the others follow, around the end. */
  slot: number
  /** Number of past keys in the ring: those in the rows before `slot`, around the start. */
  kept: number
  /** First row of the past sinks. */
  firstSink: number
  /** One past the last row of the past sinks; the row is the absolute position. */
  endSink: number
  /** How many of the first new tokens are sinks; they go to the rows from `endSink` on, not to the ring. */
  newSinks: number
  /** Absolute position of the first new token. */
  position: number
}

/**
 * Inputs of a kernel, already checked. Query i of a sequence sees new key j where `0 ≤ i − j < window` or `j <
 * newSinks` and `j ≤ i`; it sees the past key of age a (1 ≤ a ≤ kept, distance i + a) where `i + a < window`; and every
 * past sink. Query head h reads key head `floor(h · kvHeads / heads)`.
 */
export interface CachedAttentionInputs {
  /** `[batch, length, heads, headDim]` */
  queries: tf.Tensor4D
  /** `[batch, length, kvHeads, headDim]` */
  keys: tf.Tensor4D
  /** `[batch, length, kvHeads, headDim]` */
  values: tf.Tensor4D
  /** `[batch, sinks + capacity, kvHeads, headDim]`: sinks, then the ring */
  pastKeys: tf.Tensor4D
  /** `[batch, sinks + capacity, kvHeads, headDim]` */
  pastValues: tf.Tensor4D
  /** Rows of the past before the ring. */
  sinks: number
  /** Rows of the ring: at least `window − 1`, without a window at least kept + count. */
  capacity: number
  /** Where each sequence stands. */
  places: readonly SequencePlace[]
  /** `[heads]`, paper sign: added as slope · distance */
  slopes: tf.Tensor1D | null
  /** `[heads]`, added to every logit */
  bias: tf.Tensor1D | null
  /** `[heads, tableLength]`, entry of the distance added where distance < tableLength */
  distanceTable: tf.Tensor2D | null
  /** `[heads]`, softmax only: logits of one more key whose value is zero */
  sinkLogits: tf.Tensor1D | null
  /** What turns logits into weights. */
  activation: AttentionActivation
  /** Factor of the inner products. */
  scale: number
  /** Number of keys a query sees, itself included; Infinity = every earlier key. */
  window: number
}

/** What a kernel returns. */
export interface CachedAttentionOutputs {
  /** `[batch, length, heads, headDim]`; zeros for padding */
  output: tf.Tensor4D
  /** The past with the last `capacity` new keys in it: the tensor that came, written in place, or a new one. */
  pastKeys: tf.Tensor4D
  /** The same for the values. */
  pastValues: tf.Tensor4D
}

/**
 * One implementation of `cachedAttention`. It need not free its intermediates. What no query sees may hold anything,
 * NaN included, and must not reach the output.
 */
export interface CachedAttentionKernel extends Kernel<CachedAttentionRequest> {
  /** Attends to the past and the new keys, then writes the new keys and values to the past. */
  attend(inputs: CachedAttentionInputs): CachedAttentionOutputs
}

/** Options of `cachedAttention`; window and sinks are those of the cache. */
export interface CachedAttentionOptions {
  /** Default `sigmoid`. */
  activation?: AttentionActivation
  /** One slope a head, paper sign: `slope · distance` is added to the logit. Default none. */
  slopes?: readonly number[] | tf.Tensor1D | null
  /** Added to every logit, one for all heads or one a head. Default 0. */
  bias?: number | readonly number[] | tf.Tensor1D | null
  /** `[heads, tableLength]`: the entry of the distance is added, nothing beyond the table (spec 1.6). Default none. */
  distanceTable?: tf.Tensor2D | null
  /** `[heads]`, softmax only: logit of one more, valueless key in the denominator. Default none. */
  sinkLogits?: tf.Tensor1D | null
  /** Factor of the inner products; default headDim^(−1/2). */
  scale?: number
  /**
   * For each sequence how many of the `length` tokens are its own, 0 to length; what follows is padding, gets zeros and
   * leaves no trace. Default all.
   */
  lengths?: readonly number[]
  /** Which kernel runs. */
  kernels?: KernelPolicy
}

/** What `cachedAttention` returns. */
export interface CachedAttentionResult {
  /** `[batch, length, heads, headDim]` */
  output: tf.Tensor4D
  /** The cache after these tokens. */
  cache: RollingCache
}
