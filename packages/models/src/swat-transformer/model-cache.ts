import { createRollingCache, disposeRollingCache, type RollingCache } from '@swat-js/swat-attention'
import type { SwatConfig } from '../config/swat-config.js'

/** What a model remembers of the tokens it has seen: the last `window − 1` keys and values of every layer. */
export interface ModelCache {
  /** One cache for each block. */
  readonly layers: readonly RollingCache[]
  /** Number of tokens seen. */
  readonly position: number
}

/**
 * The memory of a model that has seen nothing.
 *
 * @param config - the model
 * @param batchSize - sequences that run side by side
 * @returns the cache; dispose it with {@link disposeModelCache}
 */
export function createModelCache(config: SwatConfig, batchSize: number): ModelCache {
  const { kvHeads, headDim } = config
  const layers = Array.from({ length: config.layers }, () => createRollingCache({ batchSize, kvHeads, headDim }))
  return { layers, position: 0 }
}

/**
 * Frees a cache.
 *
 * @param cache - the cache
 */
export function disposeModelCache(cache: ModelCache): void {
  cache.layers.forEach(disposeRollingCache)
}
