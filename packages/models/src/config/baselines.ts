import { SwatError } from '@swat-js/tensor-core'
import { presetConfig, type PresetName } from './presets.js'
import type { SwatConfig, SwatConfigInput } from './swat-config.js'

const withoutAttention = { window: null, slopes: 'none', rope: null } as const

const baselines = {
  'transformer++': { activation: 'softmax', slopes: 'none', window: null },
  'sliding-softmax': { activation: 'softmax', slopes: 'none' },
  'streaming-llm': { activation: 'softmax', slopes: 'none', sinks: 4, sinkPositions: 'in-cache' },
  'vanilla-sigmoid': { activation: 'sigmoid', slopes: 'none', window: null },
  alibi: { activation: 'softmax', slopes: 'alibi', rope: null, window: null },
  retnet: { mixer: 'retnet', ...withoutAttention },
  gla: { mixer: 'gla', ...withoutAttention },
  mamba2: { mixer: 'mamba2', ...withoutAttention },
  deltanet: { mixer: 'deltanet', ...withoutAttention },
  'gated-deltanet': { mixer: 'gated-deltanet', ...withoutAttention },
} as const satisfies Record<string, Partial<SwatConfigInput>>

/**
 * A model to compare with (spec 1.7, 7). `transformer++`: softmax over all earlier keys, RoPE. `sliding-softmax`: the
 * same within the window. `streaming-llm`: with four sinks besides, seen in the cache. `vanilla-sigmoid`: sigmoid over
 * all earlier keys, RoPE, no slopes. `alibi`: softmax over all earlier keys, ALiBi in place of RoPE. The others have a
 * recurrence in the place of attention.
 */
export type BaselineName = keyof typeof baselines

/** The names of all baselines. */
export const baselineNames = Object.keys(baselines) as readonly BaselineName[]

/**
 * A baseline in the sizes of a preset.
 *
 * @param name - one of {@link baselineNames}
 * @param preset - where sizes and, where the baseline has one, the window come from
 * @param overrides - values that replace those of both
 * @returns the complete configuration
 * @throws SwatError `config` when a name is unknown or an override is refused
 */
export function baselineConfig(
  name: BaselineName,
  preset: PresetName,
  overrides: Partial<SwatConfigInput> = {},
): SwatConfig {
  return presetConfig(preset, { ...baselineSettings(name), ...overrides })
}

/**
 * What makes a baseline: the values that go before those of a preset.
 *
 * @param name - one of {@link baselineNames}
 * @returns a part of a configuration
 * @throws SwatError `config` when the name is unknown
 */
export function baselineSettings(name: BaselineName): Partial<SwatConfigInput> {
  if (!Object.hasOwn(baselines, name)) {
    const known = baselineNames.join(', ')
    throw new SwatError('config', `baselineSettings: there is no baseline '${name}'. Choose one of ${known}.`)
  }
  return { ...baselines[name] }
}
