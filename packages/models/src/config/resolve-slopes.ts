import { slopePreset, slopes } from '@swat-js/positional-encodings'
import type { SlopesConfig } from './swat-config.js'

/**
 * The slopes that a configuration means.
 *
 * @param config - a name, counts and rule, or the numbers themselves
 * @param heads - number of query heads
 * @returns one slope a head in the paper's sign, null for none
 * @throws SwatError `slopes` when the name is unknown or the counts do not make this many heads
 */
export function resolveSlopes(config: SlopesConfig, heads: number): number[] | null {
  if (Array.isArray(config)) return config
  return typeof config === 'string' ? slopePreset(config, heads) : slopes(config)
}
