import { SwatError } from '@swat-js/tensor-core'

/** The recurrent layers. */
export type RecurrentType = 'retnet' | 'gla' | 'mamba2' | 'deltanet' | 'gated-deltanet'

/** What all recurrent layers share. */
export interface CommonRecurrentSettings {
  /** Channels of input and output. */
  hiddenSize: number
  /** Number of heads. */
  heads: number
  /** Size of a head before the expansions; usually hiddenSize / heads. */
  headDim: number
  /** Epsilon of the norm over the output. */
  normEpsilon: number
}

/** Sizes of keys and values as multiples of `headDim`. */
export interface ExpandedRecurrentSettings extends CommonRecurrentSettings {
  /** Size of a query and a key: `expandKey · headDim`. */
  expandKey: number
  /** Size of a value: `expandValue · headDim`. */
  expandValue: number
}

/** Retention with rotary positions and an output gate (arXiv 2307.08621). */
export interface RetNetSettings extends ExpandedRecurrentSettings {
  /** Which layer. */
  type: 'retnet'
  /** Base of the rotary frequencies. */
  ropeBase: number
}

/** Gated linear attention: a decay for each channel of the keys (arXiv 2312.06635). */
export interface GlaSettings extends ExpandedRecurrentSettings {
  /** Which layer. */
  type: 'gla'
  /** Rank of the projection to the decays. */
  gateRank: number
  /** Divides the logarithms of the decays: with 16, a gate of ½ keeps 96 %. */
  gateNormaliser: number
}

/** Mamba-2, a state space model (arXiv 2405.21060). */
export interface Mamba2Settings extends CommonRecurrentSettings {
  /** Which layer. */
  type: 'mamba2'
  /** Heads inside, of `headDim` channels each, as a multiple of `heads`. */
  expand: number
  /** Size of the B and C vectors, the keys and queries that all heads share. */
  stateSize: number
}

/** The delta rule (arXiv 2406.06484). */
export interface DeltaNetSettings extends ExpandedRecurrentSettings {
  /** Which layer. */
  type: 'deltanet'
}

/** The delta rule with decay and an output gate (arXiv 2412.06464). */
export interface GatedDeltaNetSettings extends ExpandedRecurrentSettings {
  /** Which layer. */
  type: 'gated-deltanet'
}

/** The numbers that make a recurrent layer, by its type. */
export type RecurrentSettings = RetNetSettings | GlaSettings | Mamba2Settings | DeltaNetSettings | GatedDeltaNetSettings

/** What {@link recurrentSettings} takes: ratios may be left out. */
export type RecurrentSettingsInput = {
  [Settings in RecurrentSettings as Settings['type']]: CommonRecurrentSettings &
    Pick<Settings, 'type'> &
    Partial<Omit<Settings, keyof CommonRecurrentSettings>>
}[RecurrentType]

/** Defaults of the official layers (spec 7). */
const officialRatios: {
  [Type in RecurrentType]: Omit<Extract<RecurrentSettings, { type: Type }>, keyof CommonRecurrentSettings | 'type'>
} = {
  retnet: { expandKey: 1, expandValue: 2, ropeBase: 10000 },
  gla: { expandKey: 0.5, expandValue: 1, gateRank: 16, gateNormaliser: 16 },
  mamba2: { expand: 2, stateSize: 128 },
  deltanet: { expandKey: 1, expandValue: 1 },
  'gated-deltanet': { expandKey: 1, expandValue: 2 },
}

/**
 * Settings of a recurrent layer with the defaults of the official layers filled in (spec 7).
 *
 * The official Gated DeltaNet has fewer and larger heads, `heads · headDim` = ¾ hiddenSize; here both are given.
 *
 * @param input - type, sizes, and the ratios that differ from the official ones
 * @returns complete settings
 * @throws SwatError `recurrent` when a number makes no sense or a head would not have whole channels
 */
export function recurrentSettings(input: RecurrentSettingsInput): RecurrentSettings {
  const ratios = officialRatios[input.type]
  if (!ratios) {
    throw new SwatError(
      'recurrent',
      `recurrentSettings: type must be one of ${Object.keys(officialRatios).join(', ')}, but is ${String(input.type)}.`,
    )
  }
  const settings = { ...ratios, ...input } as RecurrentSettings
  const sizes = { hiddenSize: settings.hiddenSize, heads: settings.heads, headDim: settings.headDim }
  for (const [name, size] of Object.entries({ ...sizes, ...derivedSizes(settings) })) {
    if (!Number.isSafeInteger(size) || size < 1) {
      throw new SwatError(
        'recurrent',
        `recurrentSettings: ${name} must be an integer of at least 1, but is ${size}. Choose heads, headDim and ` +
          'ratios whose products are whole.',
      )
    }
  }
  if (settings.type === 'retnet' && (settings.headDim * settings.expandKey) % 2 !== 0) {
    throw new SwatError(
      'recurrent',
      `recurrentSettings: keys of retnet are rotated in pairs, so expandKey · headDim must be even, but is ` +
        `${settings.headDim * settings.expandKey}. Choose an even headDim.`,
    )
  }
  return settings
}

function derivedSizes(settings: RecurrentSettings): Record<string, number> {
  const { heads, keyDim, valueDim } = recurrentSizes(settings)
  const sizes = { 'expand · heads': heads, 'size of a key': keyDim, 'size of a value': valueDim }
  return settings.type === 'gla' ? { ...sizes, gateRank: settings.gateRank } : sizes
}

/** Sizes inside a recurrent layer. */
export interface RecurrentSizes {
  /** Heads of the recurrence. */
  heads: number
  /** Size of a query and a key. */
  keyDim: number
  /** Size of a value. */
  valueDim: number
  /** Channels that go through the short convolution; 0 without one. */
  convolved: number
}

/**
 * The sizes inside a recurrent layer.
 *
 * @param settings - of the layer
 * @returns heads of the recurrence, sizes of keys and values, channels of the convolution
 */
export function recurrentSizes(settings: RecurrentSettings): RecurrentSizes {
  if (settings.type === 'mamba2') {
    const { headDim, stateSize } = settings
    const heads = settings.heads * settings.expand
    return { heads, keyDim: stateSize, valueDim: headDim, convolved: heads * headDim + 2 * stateSize }
  }
  const { type, heads, headDim } = settings
  const [keyDim, valueDim] = [settings.expandKey * headDim, settings.expandValue * headDim]
  const hasConvolution = type === 'deltanet' || type === 'gated-deltanet'
  return { heads, keyDim, valueDim, convolved: hasConvolution ? heads * (2 * keyDim + valueDim) : 0 }
}
