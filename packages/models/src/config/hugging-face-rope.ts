import { ntkBase, rotaryMscale, type RotaryScaling } from '@swat-js/positional-encodings'
import { SwatError } from '@swat-js/tensor-core'
import type { SwatConfig, SwatConfigInput } from './swat-config.js'

type Json = Record<string, unknown>

/**
 * Rotary positions under the keys of Hugging Face (`transformers`, `modeling_rope_utils.py`), so that the file means
 * the same there. NTK-aware scaling has no type of its own but is a larger `rope_theta`; YaRN by parts without a
 * temperature is `llama3` with 1 and 32. What the library cannot compute has a type that it refuses.
 *
 * @param config - the model
 * @returns `rope_theta`, `rope_scaling`, and what belongs to them
 */
export function ropeToHuggingFace({ rope, headDim }: Pick<SwatConfig, 'rope' | 'headDim'>): Json {
  const base = rope?.base ?? 10000
  const scaling = rope?.scaling
  if (!scaling) return { rope_theta: base, rope_scaling: null }
  if (scaling.type === 'ntk') {
    const theta = ntkBase(headDim, base, scaling.factor)
    return { rope_theta: theta, rope_scaling: null, swat_rope_scaling: { ...scaling, base } }
  }
  if (scaling.type === 'linear') {
    return { rope_theta: base, rope_scaling: { rope_type: 'linear', factor: scaling.factor } }
  }
  const { originalLength } = scaling
  const original = { original_max_position_embeddings: originalLength }
  switch (scaling.type) {
    case 'dynamic-linear': {
      const rope_scaling = { rope_type: 'dynamic-linear', ...original }
      return { rope_theta: base, rope_scaling, max_position_embeddings: originalLength }
    }
    case 'dynamic-ntk': {
      const rope_scaling = { rope_type: 'dynamic', factor: scaling.factor, ...original }
      return { rope_theta: base, rope_scaling, max_position_embeddings: originalLength }
    }
    case 'yarn':
    case 'yarn-by-parts': {
      const { type, factor, mscale = 1 } = scaling
      const rope_scaling =
        type === 'yarn-by-parts' && mscale === 1
          ? { rope_type: 'llama3', factor, ...original, ...fixedValues.llama3 }
          : { rope_type: type, factor, ...original, attention_factor: mscale, ...fixedValues[type] }
      // Some versions take the factor from the ratio of the two lengths.
      return { rope_theta: base, rope_scaling, max_position_embeddings: Math.round(originalLength * factor) }
    }
  }
}

/**
 * Reads rotary positions from the keys of Hugging Face; {@link ropeToHuggingFace} is undone exactly.
 *
 * @param json - the parsed `config.json`
 * @param headDim - size of a head, as far as the file is right
 * @returns for `resolveConfig`, which checks the numbers
 * @throws SwatError `config` when a type or a key of `rope_scaling` is not computed here, or `rope_theta` is not what
 * our own key says of it
 */
export function ropeFromHuggingFace(json: Json, headDim: number): SwatConfigInput['rope'] {
  if (json.swat_rope === false) return null
  const given = json.rope_scaling ?? json.rope_parameters ?? {}
  if (typeof given !== 'object' || Array.isArray(given)) {
    throw refusal(`rope_scaling must be an object or null, but is ${JSON.stringify(given)}.`)
  }
  const { rope_theta, ...values } = given as Json
  const base = (json.rope_theta ?? rope_theta ?? 10000) as number
  const scaling = Object.keys(values).length > 0 ? scalingOf(values, json.max_position_embeddings) : undefined
  return json.swat_rope_scaling
    ? unscaledNtk(json.swat_rope_scaling as Json, base, scaling, headDim)
    : { base, scaling }
}

/** Keys of `rope_scaling` by type, next to `rope_type`: those that are read, and those that have one value here. */
const readKeys: Record<string, readonly string[]> = {
  default: [],
  linear: ['factor'],
  dynamic: ['factor', 'original_max_position_embeddings'],
  'dynamic-linear': ['original_max_position_embeddings'],
  yarn: ['factor', 'original_max_position_embeddings', 'attention_factor'],
  'yarn-by-parts': ['factor', 'original_max_position_embeddings', 'attention_factor'],
  llama3: ['factor', 'original_max_position_embeddings'],
}
const fixedValues: Record<'yarn' | 'yarn-by-parts' | 'llama3', Json> = {
  yarn: { beta_fast: 32, beta_slow: 1 },
  'yarn-by-parts': {},
  llama3: { low_freq_factor: 1, high_freq_factor: 32 },
}

function scalingOf(values: Json, maxLength: unknown): RotaryScaling | undefined {
  const { rope_type, type: oldKey, ...rest } = values
  const type = (rope_type ?? oldKey) as string
  expectReadable(type, rest)
  const { factor, attention_factor, original_max_position_embeddings: original } = rest as Record<string, number>
  const originalLength = original ?? maxLength ?? officialMaxLength
  switch (type) {
    case 'linear':
      return { type, factor }
    case 'dynamic': // whose original length is the other key in Hugging Face's library
      return { type: 'dynamic-ntk', factor, originalLength: (maxLength ?? originalLength) as number }
    case 'dynamic-linear':
      return { type, originalLength }
    case 'yarn':
    case 'yarn-by-parts':
      return { type, factor, originalLength, mscale: attention_factor ?? rotaryMscale(factor) }
    case 'llama3':
      return { type: 'yarn-by-parts', factor, originalLength, mscale: 1 }
    default:
      return undefined
  }
}

/** `max_position_embeddings` of the official class where the file has none. */
const officialMaxLength = 2048

function expectReadable(type: string, values: Json): void {
  if (typeof type !== 'string' || !Object.hasOwn(readKeys, type)) {
    const known = Object.keys(readKeys).join(', ')
    throw refusal(
      `rope_type ${JSON.stringify(type) ?? '(missing)'} of rope_scaling cannot be read, only ${known}. ` +
        'A model that was trained with another scaling cannot be computed here.',
    )
  }
  const fixed = Object.hasOwn(fixedValues, type) ? fixedValues[type as keyof typeof fixedValues] : {}
  for (const [key, value] of Object.entries(values)) {
    if (value === null || readKeys[type].includes(key) || fixed[key] === value) continue
    const accepted = key in fixed ? `only ${String(fixed[key])}` : `rope_type ${type} has no such key here`
    throw refusal(`rope_scaling.${key} ${JSON.stringify(value)} cannot be read: ${accepted}.`)
  }
  const missing = type === 'llama3' ? Object.keys(fixed).find((key) => values[key] === undefined) : undefined
  if (missing) throw refusal(`rope_scaling.${missing} is missing, which rope_type llama3 needs.`)
}

/** What was scaled, from the `rope_theta` that it was scaled to, for others to read. */
function unscaledNtk(own: Json, theta: number, scaling: RotaryScaling | undefined, headDim: number) {
  const { type, base, factor } = own as { type: unknown; base: number; factor: number }
  const expected = type === 'ntk' && headDim > 2 ? ntkBase(headDim, base, factor) : NaN
  if (scaling || !(Math.abs(theta / expected - 1) < 1e-9)) {
    throw refusal(
      `swat_rope_scaling ${JSON.stringify(own)} contradicts rope_theta ${theta}` +
        `${scaling ? ` with rope_scaling ${scaling.type}` : ''}. Remove it, and rope_theta holds as it is.`,
    )
  }
  return { base, scaling: { type: 'ntk' as const, factor } }
}

function refusal(message: string): SwatError {
  return new SwatError('config', `fromHuggingFaceConfig: ${message}`)
}
