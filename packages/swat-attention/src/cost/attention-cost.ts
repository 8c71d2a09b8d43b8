import { expectInteger } from '../expect-integer.js'
import { receptiveField } from './receptive-field.js'

/**
 * Number of (query, key) pairs of one head that the window lets through: `w·N − w(w − 1)/2` with w = min(window,
 * length) (spec 3.3).
 *
 * @param length - number of tokens
 * @param window - number of keys a query sees, itself included; null = every earlier key
 * @returns the number of pairs
 * @throws SwatError `attention` when length or window is not a positive integer
 */
export function visiblePairs(length: number, window: number | null): number {
  expectInteger('visiblePairs', 'length', length, 1, 'Give the number of tokens.')
  if (window !== null)
    expectInteger('visiblePairs', 'window', window, 1, 'Give the number of keys a query sees, or null.')
  const w = Math.min(window ?? length, length)
  return w * length - (w * (w - 1)) / 2
}

/** What {@link attentionCost} counts. */
export interface AttentionCostOptions {
  /** Number of tokens. */
  length: number
  /** Number of keys a query sees, itself included; null = every earlier key. */
  window: number | null
  /** Number of query heads. */
  heads: number
  /** Number of key and value heads. */
  kvHeads: number
  /** Size of a head. */
  headDim: number
  /** Bytes of a number; default 4 (float32). */
  bytesPerElement?: number
  /** Number of such layers, for the receptive field alone; default 1. */
  layers?: number
}

/**
 * Most bytes that a forward and backward pass holds at one time beyond inputs, output, its gradient and the gradients
 * of the inputs.
 */
export interface AttentionPeakBytes {
  /** The `wasm` kernel, of each thread: ten tiles of 64 vectors and two of 64 × 64 weights, whatever the length. */
  fused: number
  /**
   * The `composite` kernel: at most six copies of queries and keys, and ten tiles of weights.
   */
  composite: number
  /**
   * Dense masked attention: weights, their gradient and that of the logits, three `[length, length]` matrices a head.
   */
  dense: number
}

/** Work and storage of one attention layer over one sequence; a multiply-add counts as two operations. */
export interface AttentionCost {
  /** (query, key) pairs of one head. */
  visiblePairs: number
  /** Operations of the two forward products, all heads. */
  forwardOperations: number
  /** Operations of one token through a full rolling cache. */
  decodeOperations: number
  /** Operations of the slope bias. */
  biasOperations: number
  /** Operations of the backward products when the weights are computed again, as this package does. */
  backwardOperations: number
  /** Operations of the backward products when the weights were stored. */
  backwardOperationsStored: number
  /** Least bytes the forward pass moves: queries, keys, values, output, once each. */
  forwardBytes: number
  /** Least bytes the backward pass moves: the same with the output's gradient in its place, and three gradients. */
  backwardBytes: number
  /** Bytes that storing the weights would take; this package does not store them. */
  storedWeightBytes: number
  /** Numbers in a full rolling cache: window − 1 past keys and values. */
  cacheElements: number
  /** Bytes of a full rolling cache. */
  cacheBytes: number
  /** Most bytes held beyond the tensors that come in and go out. */
  peakBytes: AttentionPeakBytes
  /** Tokens, the current one included, that reach an output through `layers` layers; Infinity without a window. */
  receptiveField: number
}

/**
 * Work and storage of one attention layer over one sequence (spec 3.3). Projections are not counted.
 *
 * @param options - length, window and sizes
 * @returns the counts
 * @throws SwatError `attention` when a number is not a positive integer
 */
export function attentionCost(options: AttentionCostOptions): AttentionCost {
  const { length, window, heads, kvHeads, headDim, bytesPerElement = 4, layers = 1 } = options
  for (const [name, value] of Object.entries({ heads, kvHeads, headDim, bytesPerElement })) {
    expectInteger('attentionCost', name, value, 1, 'Take it from the model configuration.')
  }
  const pairs = visiblePairs(length, window)
  const reach = Math.min(window ?? length, length)
  const cacheElements = 2 * (reach - 1) * kvHeads * headDim
  const queryElements = length * heads * headDim // as many as in the output
  const keyElements = length * kvHeads * headDim // as many as in the values
  return {
    visiblePairs: pairs,
    forwardOperations: 4 * headDim * pairs * heads,
    decodeOperations: 4 * headDim * reach * heads,
    biasOperations: 2 * pairs * heads,
    backwardOperations: 10 * headDim * pairs * heads,
    backwardOperationsStored: 8 * headDim * pairs * heads,
    forwardBytes: bytesPerElement * 2 * (queryElements + keyElements),
    backwardBytes: bytesPerElement * (3 * queryElements + 4 * keyElements),
    storedWeightBytes: bytesPerElement * heads * pairs,
    cacheElements,
    cacheBytes: bytesPerElement * cacheElements,
    peakBytes: {
      fused: fusedPeakBytes(headDim),
      composite: 4 * (6 * (queryElements + keyElements) + 10 * heads * tile * Math.min(length, reach + tile - 1)),
      dense: bytesPerElement * 3 * heads * length * length,
    },
    receptiveField: receptiveField({ window, layers }),
  }
}

/** Queries a tile, in the `wasm` and in the `composite` kernel. */
const tile = 64

/** Ten tiles of vectors, their size padded to eight numbers, two of weights, and some rows. */
function fusedPeakBytes(headDim: number): number {
  const [vectors, weights, rows] = [tile * 8 * Math.ceil(headDim / 8), tile * tile, 7 * tile + 2 * (2 * tile + 16)]
  return 4 * (10 * vectors + 2 * weights + rows) + 384 // records of the tile, the problem and the layout
}
