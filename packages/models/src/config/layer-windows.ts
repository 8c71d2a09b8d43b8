import type { SwatConfig } from './swat-config.js'

/**
 * The window of each layer: the one of all, or the pattern over the layers, begun again as often as it takes.
 *
 * @param config - the model
 * @returns for each layer the keys that a query sees, itself included; null = every earlier key
 */
export function layerWindows({ layers, window }: Pick<SwatConfig, 'layers' | 'window'>): (number | null)[] {
  const pattern = Array.isArray(window) ? window : [window]
  return Array.from({ length: layers }, (_, layer) => pattern[layer % pattern.length])
}
