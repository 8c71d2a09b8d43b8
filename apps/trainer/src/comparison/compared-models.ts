import { baselineNames, baselineSettings } from '@swat-js/models'
import type { ModelSettings } from '../config/resolve-model.js'

/** The models that `swat compare` knows: SWAT with its three kinds of slopes and with a bias, and every baseline. */
export const comparedModels = {
  swat: { slopes: 'swat-+' },
  'swat-': { slopes: 'swat-' },
  'swat+': { slopes: 'swat+' },
  'swat-log-bias': { slopes: 'swat-+', sigmoidBias: 'neg-log-window' },
  ...Object.fromEntries(baselineNames.map((name) => [name, baselineSettings(name)])),
} as Record<string, Partial<ModelSettings>>
