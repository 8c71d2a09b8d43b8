import { presetConfig, type PresetName, type SwatConfig, type SwatConfigInput } from '@swat-js/models'

/** The `model` section of a run's configuration: a preset and the values that replace the preset's. */
export interface ModelSettings {
  /** Where all other values come from. */
  preset: PresetName
  /** Any other key of a model configuration but `vocabSize`. */
  [key: string]: unknown
}

/**
 * The model that a run trains.
 *
 * @param settings - the `model` section of the run's configuration
 * @param vocabSize - tokens of the run's tokenizer
 * @returns the complete model configuration
 * @throws SwatError `config` when a value is refused
 */
export function resolveModel(settings: ModelSettings, vocabSize: number): SwatConfig {
  const { preset, ...overrides } = settings
  // presetConfig checks every value itself, so that the type says no more than what was written.
  return presetConfig(preset, { ...(overrides as Partial<SwatConfigInput>), vocabSize })
}
