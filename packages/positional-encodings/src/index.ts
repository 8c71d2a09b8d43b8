/**
 * Rotary position embedding, ALiBi and balanced slopes.
 *
 * @module @swat-js/positional-encodings
 */
export { ntkBase } from './rotary/ntk-base.js'
export { rotaryFrequencies } from './rotary/rotary-frequencies.js'
export { rotaryMscale } from './rotary/rotary-mscale.js'
export { rotaryScalingAt } from './rotary/rotary-scaling-at.js'
export type {
  DynamicLinearScaling,
  DynamicNtkScaling,
  DynamicRotaryScaling,
  LinearScaling,
  NtkScaling,
  RotaryScaling,
  StaticRotaryScaling,
  YarnScaling,
} from './rotary/rotary-scaling.js'
export { disposeRotaryTables, rotaryTables } from './rotary/rotary-tables.js'
export type { RotaryPositions, RotaryTables, RotaryTablesOptions } from './rotary/rotary-tables.js'
export { applyRotary } from './rotary/apply-rotary.js'
export type { RotaryOptions, RotaryStyle } from './rotary/contract.js'

export { alibiSlopes } from './alibi/alibi-slopes.js'
export { slopes } from './alibi/slopes.js'
export type { SlopeRule, SlopesOptions } from './alibi/slopes.js'
export { slopePreset, slopePresetNames } from './alibi/slope-preset.js'
export type { SlopePresetName } from './alibi/slope-preset.js'
