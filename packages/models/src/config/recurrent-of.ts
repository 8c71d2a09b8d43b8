import { recurrentSettings, type RecurrentSettings } from '../recurrent/recurrent-settings.js'
import type { SwatConfig } from './swat-config.js'

/**
 * The recurrence of a model, in the sizes of the configuration and the ratios of the official layer.
 *
 * @param config - the model
 * @returns its settings, null where the mixer is attention
 * @throws SwatError `recurrent` when the sizes make no whole heads
 */
export function recurrentOf({
  mixer,
  hiddenSize,
  heads,
  headDim,
  normEpsilon,
}: Pick<SwatConfig, 'mixer' | 'hiddenSize' | 'heads' | 'headDim' | 'normEpsilon'>): RecurrentSettings | null {
  if (mixer === 'attention') return null
  return recurrentSettings({ type: mixer, hiddenSize, heads, headDim, normEpsilon })
}
