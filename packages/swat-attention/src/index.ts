/**
 * Sliding-window sigmoid attention: the op, the layer, the rolling cache, the cost model.
 *
 * @module @swat-js/swat-attention
 */
export { swatAttention } from './op/swat-attention.js'
export type { AttentionActivation, SwatAttentionOptions } from './op/contract.js'

export { swatAttentionLayer } from './layer.js'
export type {
  SwatAttentionContext,
  SwatAttentionParameters,
  SwatAttentionResult,
  SwatAttentionSettings,
} from './layer.js'

export { createRollingCache, disposeRollingCache, extendRollingCache } from './cache/rolling-cache.js'
export type { ExtendedCache, RollingCache } from './cache/rolling-cache.js'

export { inWindow } from './window/window.js'

export { attentionCost, visiblePairs } from './cost/attention-cost.js'
export type { AttentionCost, AttentionCostOptions } from './cost/attention-cost.js'
export { receptiveField } from './cost/receptive-field.js'
