import { layerWindows } from '../config/layer-windows.js'
import { resolveSlopes } from '../config/resolve-slopes.js'
import { recurrentOf } from '../config/recurrent-of.js'
import type { SwatConfig } from '../config/swat-config.js'
import type { SwatBlockSettings } from './block.js'

/**
 * The numbers of one block, with presets turned into numbers.
 *
 * @param config - the model
 * @param layer - which block, from 0 on; default 0. Blocks differ in their window alone, and in what follows from it
 * @returns settings for `swatBlock`
 */
export function blockSettings(config: SwatConfig, layer = 0): SwatBlockSettings {
  const { heads, kvHeads, headDim, activation, slopes, trainableSlopes, sigmoidBias, positionBias } = config
  const { sinks, sinkPositions, learnedSink, qkvBias, qkNorm, normEpsilon } = config
  const window = layerWindows(config)[layer]
  return {
    attention: {
      heads,
      kvHeads,
      headDim,
      window,
      activation,
      slopes: trainableSlopes ? 'learned' : resolveSlopes(slopes, heads),
      bias: sigmoidBias === 'neg-log-window' && window !== null ? -Math.log(window) : biasOf(sigmoidBias),
      distanceTable: positionBias?.length ?? null,
      sinks: window === null ? 0 : sinks, // every key is visible then
      sinkPositions,
      learnedSink,
      qkvBias,
      qkNorm,
    },
    recurrent: recurrentOf(config),
    normEpsilon,
  }
}

function biasOf(bias: SwatConfig['sigmoidBias']): number | 'learned' | null {
  return bias === 'learned' ? bias : Number(bias) || null
}
