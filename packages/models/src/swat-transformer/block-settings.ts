import { slopePreset } from '@swat-js/positional-encodings'
import type { SwatConfig } from '../config/swat-config.js'
import type { SwatBlockSettings } from './block.js'

/**
 * What the blocks of a model share, with presets turned into numbers.
 *
 * @param config - the model
 * @returns settings for `swatBlock`
 */
export function blockSettings(config: SwatConfig): SwatBlockSettings {
  const { heads, kvHeads, headDim, window, activation, slopes, sigmoidBias, qkNorm, normEpsilon } = config
  return {
    attention: {
      heads,
      kvHeads,
      headDim,
      window,
      activation,
      slopes: typeof slopes === 'string' ? slopePreset(slopes, heads) : slopes,
      bias: sigmoidBias === 'neg-log-window' && window !== null ? -Math.log(window) : Number(sigmoidBias) || null,
      qkNorm,
    },
    normEpsilon,
  }
}
