import { expectInteger } from '../expect-integer.js'

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
}

/** Work and storage of one attention layer over one sequence; a multiply-add counts as two operations. */
export interface AttentionCost {
  /** (query, key) pairs of one head. */
  visiblePairs: number
  /** Operations of the two forward products, all heads. */
  forwardOperations: number
  /** Operations of the slope bias. */
  biasOperations: number
  /** Operations of the backward products when the weights are computed again, as this package does. */
  backwardOperations: number
  /** Operations of the backward products when the weights were stored. */
  backwardOperationsStored: number
  /** Least bytes the forward pass moves: queries, keys, values, output, once each. */
  forwardBytes: number
  /** Bytes that storing the weights would take; this package does not store them. */
  storedWeightBytes: number
  /** Numbers in a full rolling cache: window − 1 past keys and values. */
  cacheElements: number
  /** Bytes of a full rolling cache. */
  cacheBytes: number
}

/**
 * Work and storage of one attention layer over one sequence (spec 3.3). Projections are not counted.
 *
 * @param options - length, window and sizes
 * @returns the counts
 * @throws SwatError `attention` when a number is not a positive integer
 */
export function attentionCost(options: AttentionCostOptions): AttentionCost {
  const { length, window, heads, kvHeads, headDim, bytesPerElement = 4 } = options
  for (const [name, value] of Object.entries({ heads, kvHeads, headDim, bytesPerElement })) {
    expectInteger('attentionCost', name, value, 1, 'Take it from the model configuration.')
  }
  const pairs = visiblePairs(length, window)
  const cacheElements = 2 * (Math.min(window ?? length, length) - 1) * kvHeads * headDim
  return {
    visiblePairs: pairs,
    forwardOperations: 4 * headDim * pairs * heads,
    biasOperations: 2 * pairs * heads,
    backwardOperations: 10 * headDim * pairs * heads,
    backwardOperationsStored: 8 * headDim * pairs * heads,
    forwardBytes: bytesPerElement * 2 * length * (heads + kvHeads) * headDim,
    storedWeightBytes: bytesPerElement * heads * pairs,
    cacheElements,
    cacheBytes: bytesPerElement * cacheElements,
  }
}
