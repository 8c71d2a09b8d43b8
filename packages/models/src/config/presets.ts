import { SwatError } from '@swat-js/tensor-core'
import { analysisModel, paperRowModels, type PaperRowName } from './paper-rows.js'
import { resolveConfig, type SwatConfig, type SwatConfigInput } from './swat-config.js'

/**
 * Name of a preset. `nano` to `medium` are small models for one machine; `swat-340m` and `swat-760m` are the models of
 * SWAT Table 1, `swat-analysis` that of Tables 2 and 3 (spec 4.3, 4.4); `table2-…` and `table3-…` are the rows of these
 * tables, with `-small` at the end in a size for one machine (spec 6.4).
 */
export type PresetName =
  | 'nano'
  | 'micro'
  | 'tiny'
  | 'small'
  | 'base'
  | 'medium'
  | 'swat-340m'
  | 'swat-760m'
  | 'swat-analysis'
  | PaperRowName
  | `${PaperRowName}-small`

const presets = {
  nano: { vocabSize: 256, hiddenSize: 64, layers: 2, heads: 4, window: 32 },
  micro: { vocabSize: 256, hiddenSize: 128, layers: 4, heads: 4, window: 64 },
  tiny: { vocabSize: 4096, hiddenSize: 256, layers: 4, heads: 4, window: 64 },
  small: { vocabSize: 512, hiddenSize: 256, layers: 6, heads: 8, window: 128 },
  base: { vocabSize: 8192, hiddenSize: 384, layers: 8, heads: 12, window: 256 },
  medium: { vocabSize: 32000, hiddenSize: 512, layers: 12, heads: 8, window: 256 },
  'swat-340m': { vocabSize: 32000, hiddenSize: 1024, layers: 24, heads: 16, window: 256 },
  'swat-760m': { vocabSize: 32000, hiddenSize: 1536, layers: 24, heads: 16, window: 256, tied: false },
  'swat-analysis': analysisModel,
  ...Object.fromEntries(paperRowModels()),
} as Record<PresetName, SwatConfigInput>

/** The names of all presets. */
export const presetNames = Object.keys(presets) as readonly PresetName[]

/**
 * The configuration of a preset.
 *
 * @param name - one of {@link presetNames}
 * @param overrides - values that replace the preset's; sizes that follow from them are derived anew
 * @returns the complete configuration
 * @throws SwatError `config` when the name is unknown or an override is refused
 */
export function presetConfig(name: PresetName, overrides: Partial<SwatConfigInput> = {}): SwatConfig {
  if (!Object.hasOwn(presets, name)) {
    const known = presetNames.filter((name) => !name.startsWith('table')).join(', ')
    throw new SwatError(
      'config',
      `presetConfig: there is no preset '${name}'. Choose one of ${known}, or a row of the paper, table2-vanilla-a to ` +
        'table3-11, or its small model, table3-8-small.',
    )
  }
  return resolveConfig({ ...presets[name], ...overrides })
}
