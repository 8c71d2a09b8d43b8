import type { AttentionWeights } from '@swat-js/models'

/** Attention weights as `attentionWeights` of `@swat-js/models` returns them, in float32 or in doubles. */
export interface AttentionBand extends Pick<
  AttentionWeights,
  'start' | 'queries' | 'heads' | 'columns' | 'sinks' | 'positions'
> {
  /** `[heads, queries, columns]`, 0 where there is no key. */
  weights: ArrayLike<number>
}
