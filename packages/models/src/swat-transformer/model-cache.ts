import { createRollingCache, layerCacheOptions } from '@swat-js/swat-attention'
import type { SwatConfig } from '../config/swat-config.js'
import { createRecurrentState } from '../recurrent/recurrent-state.js'
import { blockSettings } from './block-settings.js'
import { disposeLayerMemory, type LayerMemory } from './layer-memory.js'

/**
 * What a model remembers of the tokens it has seen: the last `window − 1` keys and values of every layer, or the state
 * of its recurrence. A forward pass consumes it and returns the next one; its memory stays the same.
 */
export interface ModelCache {
  /** One cache for each block; all stand at the same positions, those of `layers[0].positions`. */
  readonly layers: readonly LayerMemory[]
}

/**
 * The memory of a model that has seen nothing.
 *
 * @param config - the model
 * @param batchSize - sequences that run side by side
 * @returns the cache; dispose it with {@link disposeModelCache}
 */
export function createModelCache(config: SwatConfig, batchSize: number): ModelCache {
  const layers = Array.from({ length: config.layers }, (_, layer) => {
    const { attention, recurrent } = blockSettings(config, layer)
    if (recurrent) return createRecurrentState(recurrent, batchSize)
    return createRollingCache(layerCacheOptions(attention, batchSize))
  })
  return { layers }
}

/**
 * Frees a cache; does nothing to one that was consumed.
 *
 * @param cache - the newest cache of a stream
 */
export function disposeModelCache(cache: ModelCache): void {
  cache.layers.forEach(disposeLayerMemory)
}
