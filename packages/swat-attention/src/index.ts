/**
 * Sliding-window sigmoid attention: the op, the layer, the rolling cache, the cost model.
 *
 * @module @swat-js/swat-attention
 */
export { swatAttention } from './op/swat-attention.js'
export type { AttentionActivation, AttentionTerm, SegmentIds, SwatAttentionOptions } from './op/contract.js'
export { explainAttention } from './op/explain-attention.js'
export type { AttentionCall, AttentionExplanation, KernelVerdict } from './op/explain-attention.js'

export { layerTerms, swatAttentionLayer } from './layer.js'
export { attentionHeads, inCachePosition } from './attention-heads.js'
export type { AttentionHeads } from './attention-heads.js'
export { layerCacheOptions } from './layer-cache-options.js'
export type {
  LayerTerms,
  ProjectionParameters,
  SwatAttentionContext,
  SwatAttentionParameters,
  SwatAttentionResult,
  SwatAttentionSettings,
} from './layer.js'

export { createRollingCache, disposeRollingCache, restartSequences } from './cache/rolling-cache.js'
export type { CacheMemory, RollingCache, RollingCacheOptions } from './cache/rolling-cache.js'
export { cachedAttention } from './cached-attention/cached-attention.js'
export type { CachedAttentionOptions, CachedAttentionResult } from './cached-attention/contract.js'

export { inWindow } from './window/window.js'

export { attentionCost, visiblePairs } from './cost/attention-cost.js'
export type { AttentionCost, AttentionCostOptions, AttentionPeakBytes } from './cost/attention-cost.js'
export { receptiveField } from './cost/receptive-field.js'
