import { createRollingCache, disposeRollingCache, layerCacheOptions, type RollingCache } from '@swat-js/swat-attention'
import type { SwatConfig } from '../config/swat-config.js'
import { blockSettings } from './block-settings.js'

/**
 * What a model remembers of the tokens it has seen: the last `window − 1` keys and values of every layer. A forward
 * pass consumes it and returns the next one; its memory stays the same.
 */
export interface ModelCache {
  /** One cache for each block; all stand at the same positions, those of `layers[0].positions`. */
  readonly layers: readonly RollingCache[]
}

/**
 * The memory of a model that has seen nothing.
 *
 * @param config - the model
 * @param batchSize - sequences that run side by side
 * @returns the cache; dispose it with {@link disposeModelCache}
 */
export function createModelCache(config: SwatConfig, batchSize: number): ModelCache {
  const layers = Array.from({ length: config.layers }, (_, layer) =>
    createRollingCache(layerCacheOptions(blockSettings(config, layer).attention, batchSize)),
  )
  return { layers }
}

/**
 * Frees a cache; does nothing to one that was consumed.
 *
 * @param cache - the newest cache of a stream
 */
export function disposeModelCache(cache: ModelCache): void {
  cache.layers.forEach(disposeRollingCache)
}
