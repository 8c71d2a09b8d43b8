import type { Kernel, KernelPolicy, KernelRequest, Precision, tf } from '@swat-js/tensor-core'

/**
 * What turns logits into weights: `sigmoid`, each on its own (SWAT), or `softmax` over the visible keys (baselines).
 */
export type AttentionActivation = 'sigmoid' | 'softmax'

/** What the op tells its kernels about a call. */
export interface SwatAttentionRequest extends KernelRequest {
  /** Number of sequences. */
  batchSize: number
  /** Number of queries a sequence. */
  queries: number
  /** Number of keys a sequence. */
  keys: number
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
  /** Whether segment ids restrict what a query sees. */
  segments: boolean
  /** The furthest that a query stands after the first key. */
  reach: number
}

/** The optional terms of the logits; each may be trained. */
export type AttentionTerm = 'slopes' | 'bias' | 'distanceTable' | 'sinkLogits'

/** Inputs of a kernel, already checked. Query head h reads key head `floor(h · kvHeads / heads)`. */
export interface SwatAttentionInputs {
  /** `[batch, queries, heads, headDim]` */
  queries: tf.Tensor4D
  /** `[batch, keys, kvHeads, headDim]` */
  keys: tf.Tensor4D
  /** `[batch, keys, kvHeads, headDim]` */
  values: tf.Tensor4D
  /** `[heads]`, paper sign: added as slope · (m − n) */
  slopes: tf.Tensor1D | null
  /** `[heads]`, added to every logit */
  bias: tf.Tensor1D | null
  /** `[heads, tableLength]`, entry m − n added where m − n < tableLength */
  distanceTable: tf.Tensor2D | null
  /** `[heads]`, softmax only: logits of one more key whose value is zero */
  sinkLogits: tf.Tensor1D | null
  /** What turns logits into weights. */
  activation: AttentionActivation
  /** Whether products may round their factors to f16. */
  precision: Precision
  /** Factor of the inner products. */
  scale: number
  /** Number of keys a query sees, itself included; null = every earlier key. */
  window: number | null
  /** Keys before this absolute position are visible to every later query. */
  sinks: number
  /** Absolute position of the first query of each sequence, `batch` numbers. */
  queryOffsets: readonly number[]
  /** Absolute position of the first key of each sequence, `batch` numbers. */
  keyOffsets: readonly number[]
  /** `[batch, queries]` int32: a query sees only keys of its own segment, sinks included; null = one segment. */
  querySegments: tf.Tensor2D | null
  /** `[batch, keys]` int32; null exactly where `querySegments` is. */
  keySegments: tf.Tensor2D | null
}

/** What a backward pass returns: always the three tensors, and each term that was wanted. */
export interface SwatAttentionGradients extends Partial<Record<AttentionTerm, tf.Tensor>> {
  /** Shape of the queries. */
  queries: tf.Tensor4D
  /** Shape of the keys. */
  keys: tf.Tensor4D
  /** Shape of the values. */
  values: tf.Tensor4D
}

/**
 * One implementation of `swatAttention`. It need not free its intermediates. What no query sees, and queries that see
 * nothing, may hold anything, NaN included, and reach neither output nor gradients.
 */
export interface SwatAttentionKernel extends Kernel<SwatAttentionRequest> {
  /** Returns `[batch, queries, heads, headDim]`; a query that sees no key gets zeros. */
  forward(inputs: SwatAttentionInputs): tf.Tensor4D
  /** Gradients from the output's gradient and the inputs alone; of the terms, those in `wanted`. */
  backward(
    inputs: SwatAttentionInputs,
    outputGradient: tf.Tensor4D,
    wanted: readonly AttentionTerm[],
  ): SwatAttentionGradients
}

/** Segment ids where queries and keys are different tokens. */
export interface SegmentIds {
  /** `[batch, queries]` int32 */
  queries: tf.Tensor2D
  /** `[batch, keys]` int32 */
  keys: tf.Tensor2D
}

/** Options of `swatAttention`. Tensors given for slopes, bias, distanceTable and sinkLogits receive gradients. */
export interface SwatAttentionOptions {
  /** Number of keys a query sees, itself included; null = every earlier key. */
  window: number | null
  /** Default `sigmoid`. */
  activation?: AttentionActivation
  /**
   * One slope a head, paper sign: `slope · (m − n)` is added to the logit, negative favours recent keys. Default
   * none.
   */
  slopes?: readonly number[] | tf.Tensor1D | null
  /** Added to every logit, one for all heads or one a head. Default 0. */
  bias?: number | readonly number[] | tf.Tensor1D | null
  /** `[heads, tableLength]`: entry m − n is added to the logit, nothing beyond the table (spec 1.6). Default none. */
  distanceTable?: tf.Tensor2D | null
  /** Factor of the inner products; default headDim^(−1/2). */
  scale?: number
  /** Keys at absolute positions below this stay visible to every later query; default 0. */
  sinks?: number
  /** `[heads]`, softmax only: logit of one more, valueless key in the denominator. Default none. */
  sinkLogits?: tf.Tensor1D | null
  /** Absolute position of the first query, one for all sequences or one a sequence; default 0. */
  queryOffset?: number | readonly number[]
  /** Absolute position of the first key, one for all sequences or one a sequence; default 0. */
  keyOffset?: number | readonly number[]
  /**
   * Documents in one sequence: a query sees only keys with its own id, sinks included. int32, `[batch, length]` where
   * queries and keys are the same tokens, else `queries` `[batch, queries]` and `keys` `[batch, keys]`. Default none.
   */
  segmentIds?: tf.Tensor2D | SegmentIds | null
  /** Which kernel runs. */
  kernels?: KernelPolicy
}
