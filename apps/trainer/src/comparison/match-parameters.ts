import { parameterCount } from '@swat-js/models'
import { resolveModel, type ModelSettings } from '../config/resolve-model.js'

/** Feed-forward channels change by so many at a time. */
const step = 8

/**
 * A model with as many parameters as another one, as nearly as its feed-forward layers allow.
 *
 * @param settings - the model
 * @param parameters - how many it should have
 * @param vocabSize - tokens of the vocabulary
 * @returns the settings with the `intermediateSize` that comes nearest
 */
export function matchParameters(settings: ModelSettings, parameters: number, vocabSize: number): ModelSettings {
  const countWith = (intermediateSize: number) =>
    parameterCount(resolveModel({ ...settings, intermediateSize }, vocabSize)).total
  const perStep = countWith(2 * step) - countWith(step)
  const steps = Math.max(1, 1 + Math.round((parameters - countWith(step)) / perStep))
  return { ...settings, intermediateSize: steps * step }
}
