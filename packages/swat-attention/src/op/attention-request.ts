import { tf } from '@swat-js/tensor-core'
import type { AttentionTerm, SwatAttentionOptions, SwatAttentionRequest } from './contract.js'

/** Everything of a request that shapes tell. */
export type AttentionSizes = Pick<
  SwatAttentionRequest,
  'batchSize' | 'queries' | 'keys' | 'heads' | 'kvHeads' | 'headDim'
>

/** What kernels are asked, from the sizes and the options of a call, defaults filled in. */
export function attentionRequest(
  sizes: AttentionSizes,
  options: Pick<SwatAttentionOptions, 'window' | 'activation' | 'sinks' | 'kernels' | 'queryOffset' | 'keyOffset'>,
  { terms, segments }: { terms: readonly AttentionTerm[]; segments: boolean },
): SwatAttentionRequest {
  const { window, activation = 'sigmoid', sinks = 0, kernels } = options
  const precision = kernels?.precision ?? 'float32'
  const reach = reachOf(sizes, options)
  return { backend: tf.getBackend(), precision, ...sizes, window, activation, sinks, terms, segments, reach }
}

function reachOf(
  { batchSize, queries }: AttentionSizes,
  { queryOffset = 0, keyOffset = 0 }: Pick<SwatAttentionOptions, 'queryOffset' | 'keyOffset'>,
): number {
  const of = (offset: number | readonly number[], b: number) => (typeof offset === 'number' ? offset : offset[b])
  const first = Array.from({ length: batchSize }, (_, b) => of(queryOffset, b) - of(keyOffset, b))
  return Math.max(...first) + queries - 1
}
