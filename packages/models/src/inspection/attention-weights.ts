import { SwatError, type KernelPolicy } from '@swat-js/tensor-core'
import type { SwatConfig } from '../config/swat-config.js'
import type { SwatParameters } from '../swat-transformer/model.js'
import { readAttentionWeights } from './read-attention-weights.js'

/** How strongly some queries in a row look at the keys that they see, in one layer. */
export interface AttentionWeights {
  /** Which layer, from 0 on. */
  layer: number
  /** Number of keys a query of the layer sees, itself included; null = every earlier key. */
  window: number | null
  /** First tokens of the text that a query sees beside its window. */
  sinks: number
  /** Place of the first of these queries in the text. */
  start: number
  /** Number of queries. */
  queries: number
  /** Number of query heads. */
  heads: number
  /** Keys that a query has room for: `sinks`, then the window up to the query itself, which is always the last. */
  columns: number
  /** Place of each key in the text, −1 where a query has none: `[queries, columns]`. */
  positions: Int32Array
  /** The weights, 0 where there is no key: `[heads, queries, columns]`. */
  weights: Float32Array
}

/** Which weights are computed. */
export interface AttentionWeightsOptions {
  /** Which layer, from 0 on. */
  layer: number
  /** First query; default 0. */
  from?: number
  /** One past the last query; default the end of the text. */
  to?: number
  /** Tokens that are read at once; default 2,048 on webgpu, else 256. Does not change the result. */
  chunk?: number
  /** Which kernels run. */
  kernels?: KernelPolicy
}

/**
 * The attention weights of one layer for some queries of a text, as the model has them (spec 1.1, 1.7): after norm,
 * rotation, slopes, bias, table and sigmoid, or softmax with its sinks. The text is streamed from its first token, so a
 * stretch in the middle has all its context; with a window nothing of the size length × length is ever made, and
 * memory grows with the stretch alone.
 *
 * @param parameters - the weights of the model
 * @param config - the model they belong to
 * @param ids - token ids
 * @param options - layer, stretch, chunk, kernels
 * @returns see {@link AttentionWeights}
 * @throws SwatError `inspection` when there is no such layer or stretch or `chunk` makes no sense, and what
 * `swatHiddenStates` throws
 */
export async function attentionWeights(
  parameters: SwatParameters,
  config: SwatConfig,
  ids: ArrayLike<number>,
  options: AttentionWeightsOptions,
): Promise<AttentionWeights> {
  const { layer, from = 0, to = ids.length } = options
  const parts: AttentionWeights[] = []
  for await (const [part] of readAttentionWeights(parameters, config, ids, { ...options, layers: [layer] })) {
    parts.push(part)
  }
  const [first] = parts
  if (parts.length === 0) {
    throw new SwatError('inspection', `attentionWeights: the stretch must have a query, but is from ${from} to ${to}.`)
  }
  const { heads, sinks } = first
  const columns = Math.max(...parts.map((part) => part.columns))
  const queries = to - from
  const positions = new Int32Array(queries * columns).fill(-1)
  const weights = new Float32Array(heads * queries * columns)
  for (const part of parts) {
    for (let query = 0; query < part.queries; query++) {
      const row = part.start - from + query
      // Sinks stand to the left, windows to the right: a narrow part leaves room between them.
      const copy = <Data extends Float32Array | Int32Array>(target: Data, to: number, source: Data, at: number) => {
        target.set(source.subarray(at, at + sinks), to)
        target.set(source.subarray(at + sinks, at + part.columns), to + columns - part.columns + sinks)
      }
      copy(positions, row * columns, part.positions, query * part.columns)
      for (let head = 0; head < heads; head++) {
        const at = (head * part.queries + query) * part.columns
        copy(weights, (head * queries + row) * columns, part.weights, at)
      }
    }
  }
  return { ...first, start: from, queries, columns, positions, weights }
}
