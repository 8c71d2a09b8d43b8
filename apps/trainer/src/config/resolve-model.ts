import {
  baselineConfig,
  presetConfig,
  type BaselineName,
  type PresetName,
  type SwatConfig,
  type SwatConfigInput,
} from '@swat-js/models'

/** The `model` section of a run's configuration: a preset, perhaps a baseline, and the values that replace theirs. */
export interface ModelSettings {
  /** Where all other values come from. */
  preset: PresetName
  /** Values that go before the preset's: those of a model to compare with. */
  baseline?: BaselineName | undefined
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
  const { preset, baseline, ...written } = settings
  // The configuration checks every value itself, so that the type says no more than what was written.
  const overrides = { ...(written as Partial<SwatConfigInput>), vocabSize }
  return baseline ? baselineConfig(baseline, preset, overrides) : presetConfig(preset, overrides)
}
