import { hasSinksInCache } from './attention-heads.js'
import type { RollingCacheOptions } from './cache/rolling-cache.js'
import type { SwatAttentionSettings } from './layer.js'

/**
 * What a cache for a layer needs to know. With sinks in the cache its heads have twice the size, see `attentionHeads`.
 *
 * @param settings - the layer
 * @param batchSize - sequences that run side by side
 * @returns options of `createRollingCache`
 */
export function layerCacheOptions(settings: SwatAttentionSettings, batchSize: number): RollingCacheOptions {
  const { kvHeads, headDim, window, sinks = 0 } = settings
  return { batchSize, kvHeads, headDim: hasSinksInCache(settings) ? 2 * headDim : headDim, window, sinks }
}
