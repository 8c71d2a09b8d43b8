import {
  rotaryMscale,
  type RotaryScaling,
  type SlopePresetName,
  type SlopesOptions,
} from '@swat-js/positional-encodings'
import { SwatError } from '@swat-js/tensor-core'
import { z } from 'zod'
import type { RecurrentType } from '../recurrent/recurrent-settings.js'
import { configContradictions } from './config-contradictions.js'
import { intermediateSize } from './intermediate-size.js'
import { showValue } from './show-value.js'

/** A checked, complete description of a model: plain data, every value written out. */
export interface SwatConfig {
  /** Number of token ids. */
  vocabSize: number
  /** Channels of the residual stream. */
  hiddenSize: number
  /** Number of blocks. */
  layers: number
  /** Query heads of each attention layer. */
  heads: number
  /** Key and value heads; a divisor of `heads`. */
  kvHeads: number
  /** Channels of a head. */
  headDim: number
  /** Channels between the two halves of the SwiGLU layer. */
  intermediateSize: number
  /** What mixes tokens in each block: attention, or one of the recurrences to compare with (spec 7). */
  mixer: 'attention' | RecurrentType
  /**
   * Keys that a query sees, itself included; `null` = all earlier ones. A list is a pattern over the layers, repeated
   * as often as it takes: `[128, 128, 128, null]` has none in every fourth layer, see {@link layerWindows}.
   */
  window: number | null | (number | null)[]
  /** What turns logits into attention weights: SWAT's sigmoid, or softmax for the baselines. */
  activation: 'sigmoid' | 'softmax'
  /** Balanced ALiBi (SWAT Eq. 4): how it is made, see {@link SlopesConfig}. */
  slopes: SlopesConfig
  /** Whether each layer learns its slopes, from `slopes` on. */
  trainableSlopes: boolean
  /** Rotary position embedding, or `null` for none. */
  rope: {
    /** Base of the rotary frequencies. */
    base: number
    /** How positions are stretched for texts longer than those of the training; absent = not at all. */
    scaling?: RotaryScaling | undefined
  } | null
  /**
   * Added to every attention logit (spec 1.8); `'neg-log-window'` is −ln(window of the layer), `'learned'` one number a
   * head that starts at 0. Only for `activation: 'sigmoid'`.
   */
  sigmoidBias: number | 'neg-log-window' | 'learned'
  /**
   * A table for each head that is learned: its entry m − n is added to the logit of query m and key n, nothing beyond
   * its length (spec 1.6); `null` = none.
   */
  positionBias: PositionBiasConfig | null
  /** First tokens of a text that stay visible beside the window (spec 1.7); 0 = none. */
  sinks: number
  /**
   * Where queries see these first tokens: `'absolute'` = where they stood; `'in-cache'` = just before the window, as
   * StreamingLLM has it, so that no angle is met that training did not show (spec 1.7).
   */
  sinkPositions: 'absolute' | 'in-cache'
  /** Whether each head learns the logit of one more key whose value is zero; only for `activation: 'softmax'`. */
  learnedSink: boolean
  /** Whether queries, keys and values have a bias. */
  qkvBias: boolean
  /** Whether queries and keys are RMS-normalised over the channels of a head before rotation. */
  qkNorm: boolean
  /** What the factors begin with that each channel of a block's two branches learns (LayerScale); `null` = none. */
  layerScale: number | null
  /** Whether what attention returns is RMS-normalised before it is added to the residual stream (spec 1.8). */
  attnOutNorm: boolean
  /** Epsilon of the RMS norms in and after the blocks. */
  normEpsilon: number
  /** Whether the output layer reuses the embedding matrix. */
  tied: boolean
  /** Standard deviation of the initial matrices. */
  initStd: number
}

/**
 * Slopes: the name of a preset; how many heads look which way and by which rule (spec 1.3), as `slopes` of
 * `@swat-js/positional-encodings` takes it; or one slope for each head in the paper's sign.
 */
export type SlopesConfig = SlopePresetName | SlopesOptions | number[]

/** A table for each head, added to the logits by the distance of query and key (spec 1.6). */
export interface PositionBiasConfig {
  /** Learned, from N(0, 10⁻⁶) on; the only kind. */
  type: 'learned'
  /** Distances from 0 on that have an entry. */
  length: number
}

/** What a person writes: sizes and window are required, the rest has defaults. */
export interface SwatConfigInput {
  /** See {@link SwatConfig.vocabSize}. */
  vocabSize: number
  /** See {@link SwatConfig.hiddenSize}. */
  hiddenSize: number
  /** See {@link SwatConfig.layers}. */
  layers: number
  /** See {@link SwatConfig.heads}. */
  heads: number
  /** Default: `heads`. */
  kvHeads?: number
  /** Default: `hiddenSize / heads`. */
  headDim?: number
  /** Default: `256·⌈⌊hiddenSize·4·2/3⌋ / 256⌉`, the official rule (spec 4.1). */
  intermediateSize?: number
  /** Default: `'attention'`. A recurrence needs window `null`, slopes `'none'` and rope `null`. */
  mixer?: 'attention' | RecurrentType
  /** See {@link SwatConfig.window}. */
  window: number | null | (number | null)[]
  /** Default: `'sigmoid'`. */
  activation?: 'sigmoid' | 'softmax'
  /** Default: `'swat-+'`, the balanced slopes of SWAT Eq. 4. */
  slopes?: SlopesConfig
  /** Default: `false`. */
  trainableSlopes?: boolean
  /** Default: base 10000. */
  rope?: {
    /** Default: 10000. */
    base?: number
    /**
     * Default: none. The temperature `mscale` of YaRN is 1 by default for sigmoid, whose weights it would change
     * altogether, and `0.1 · ln(factor) + 1` for softmax, for which the paper made it (spec 2).
     */
    scaling?: RotaryScaling | undefined
  } | null
  /** Default: 0. */
  sigmoidBias?: number | 'neg-log-window' | 'learned'
  /** Default: `null`. */
  positionBias?: PositionBiasConfig | null
  /** Default: 0. */
  sinks?: number
  /** Default: `'absolute'`. */
  sinkPositions?: 'absolute' | 'in-cache'
  /** Default: `false`. */
  learnedSink?: boolean
  /** Default: `false`. */
  qkvBias?: boolean
  /** Default: `false`. */
  qkNorm?: boolean
  /** Default: `null`. */
  layerScale?: number | null
  /** Default: `false`. */
  attnOutNorm?: boolean
  /** Default: 1e-6. */
  normEpsilon?: number
  /** Default: `true`. */
  tied?: boolean
  /** Default: 0.02. */
  initStd?: number
}

const positiveInteger = z.int(expecting('a positive integer')).positive(expecting('a positive integer'))
const positiveNumber = z.number(expecting('a positive number')).positive(expecting('a positive number'))
const slopeName = z.custom<SlopePresetName>((value) => typeof value === 'string') // looked up among the contradictions
const boolean = z.boolean(expecting('true or false'))

const scalingTypes = `'linear', 'ntk', 'yarn', 'yarn-by-parts', 'dynamic-linear' or 'dynamic-ntk'`
// The numbers of a scaling end the check at once: what relates them to others would refuse them again.
const factor = z
  .number(expecting('a number of at least 1'))
  .min(1, { ...expecting('a number of at least 1'), abort: true })
const originalLength = z
  .int(expecting('a positive integer'))
  .positive({ ...expecting('a positive integer'), abort: true })
const mscale = z.number(expecting('a positive number')).positive({ ...expecting('a positive number'), abort: true })
const scalings = [
  scalingOf({ type: z.literal('linear'), factor }),
  scalingOf({ type: z.literal('ntk'), factor }),
  scalingOf({ type: z.enum(['yarn', 'yarn-by-parts']), factor, originalLength, mscale: mscale.optional() }),
  scalingOf({ type: z.literal('dynamic-linear'), originalLength }),
  scalingOf({ type: z.literal('dynamic-ntk'), factor, originalLength }),
] as const

const window = expecting('a positive integer, null for unlimited, or a list of these, a pattern over the layers')
const oneWindow = z.int(window).positive(window).nullable()
const slopeCount = z.int().min(0)
const slopeCounts = z.strictObject({
  recency: slopeCount,
  remote: slopeCount,
  rule: z.enum(['pow2', 'global', 'perSide', 'press']),
  order: z.enum(['recency-first', 'remote-first']).optional(),
  reverseSecond: z.boolean().optional(),
})

const mixers = ['attention', 'retnet', 'gla', 'mamba2', 'deltanet', 'gated-deltanet'] as const

const fields = {
  vocabSize: positiveInteger,
  hiddenSize: positiveInteger,
  layers: positiveInteger,
  heads: positiveInteger,
  kvHeads: positiveInteger.optional(),
  headDim: positiveInteger.optional(),
  intermediateSize: positiveInteger.optional(),
  mixer: z.enum(mixers, expecting(mixers.map((name) => `'${name}'`).join(', '))).default('attention'),
  window: z.union([oneWindow, z.array(oneWindow).min(1, window)], window),
  activation: z.enum(['sigmoid', 'softmax'], expecting(`'sigmoid' or 'softmax'`)).default('sigmoid'),
  slopes: z
    .union(
      [slopeName, z.array(z.number()), slopeCounts],
      expecting('the name of a slope preset, { recency, remote, rule, order?, reverseSecond? } or one number a head'),
    )
    .default('swat-+'),
  trainableSlopes: boolean.default(false),
  rope: z
    .strictObject(
      {
        base: positiveNumber.default(10000),
        scaling: z.discriminatedUnion('type', scalings, expectingScaling()).optional(),
      },
      expectingOrUnknown('{ base: number, scaling?: object } or null', ['base', 'scaling']),
    )
    .nullable()
    .default({ base: 10000 }),
  sigmoidBias: z
    .union(
      [z.number(), z.enum(['neg-log-window', 'learned'])],
      expecting(`a finite number, 'neg-log-window' or 'learned'`),
    )
    .default(0),
  positionBias: z
    .strictObject(
      { type: z.literal('learned', expecting(`'learned'`)), length: positiveInteger },
      expectingOrUnknown(`{ type: 'learned', length: number } or null`, ['type', 'length']),
    )
    .nullable()
    .default(null),
  sinks: z.int(expecting('an integer of at least 0')).min(0, expecting('an integer of at least 0')).default(0),
  sinkPositions: z.enum(['absolute', 'in-cache'], expecting(`'absolute' or 'in-cache'`)).default('absolute'),
  learnedSink: boolean.default(false),
  qkvBias: boolean.default(false),
  qkNorm: boolean.default(false),
  layerScale: positiveNumber.nullable().default(null),
  attnOutNorm: boolean.default(false),
  normEpsilon: positiveNumber.default(1e-6),
  tied: boolean.default(true),
  initStd: positiveNumber.default(0.02),
}

/**
 * The zod schema of a model configuration: checks a {@link SwatConfigInput}, fills in the defaults and returns a
 * {@link SwatConfig}. Embed it in a larger schema, or call {@link resolveConfig}.
 */
export const swatConfigSchema: z.ZodType<SwatConfig, SwatConfigInput> = z
  .strictObject(fields, expectingOrUnknown('an object', Object.keys(fields)))
  .superRefine((input, context) => {
    for (const { path, message } of configContradictions(withDerivedSizes(input))) {
      context.addIssue({ code: 'custom', path, message })
    }
  })
  .transform(withDerivedSizes)

/**
 * Checks a configuration and fills in what was left out.
 *
 * @param input - sizes, window and whatever differs from the defaults; a resolved configuration is returned unchanged
 * @returns the complete configuration
 * @throws SwatError `config` when a value is missing, wrong, unknown or contradicts another one; the message names each
 * key, what was expected and what came; the cause is zod's error with the path of each
 */
export function resolveConfig(input: SwatConfigInput): SwatConfig {
  const result = swatConfigSchema.safeParse(input)
  if (result.success) return result.data
  const message = `resolveConfig: ${result.error.issues.map(({ message }) => message).join(' ')}`
  throw new SwatError('config', message, { cause: result.error })
}

type Parsed = z.output<z.ZodObject<typeof fields>>

function withDerivedSizes(parsed: Parsed): SwatConfig {
  const { kvHeads, headDim, intermediateSize: intermediate, ...rest } = parsed
  return {
    ...rest,
    rope: rest.rope && withTemperature(rest.rope, rest.activation),
    kvHeads: kvHeads ?? rest.heads,
    headDim: headDim ?? rest.hiddenSize / rest.heads,
    intermediateSize: intermediate ?? intermediateSize(rest.hiddenSize),
  }
}

/** Without a scaling there is no such key: files are compared with what was configured. */
function withTemperature({ base, scaling }: NonNullable<Parsed['rope']>, activation: SwatConfig['activation']) {
  if (!scaling) return { base }
  if (scaling.type !== 'yarn' && scaling.type !== 'yarn-by-parts') return { base, scaling }
  const mscale = scaling.mscale ?? (activation === 'softmax' ? rotaryMscale(scaling.factor) : 1)
  return { base, scaling: { ...scaling, mscale } }
}

function scalingOf<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.strictObject(shape, expectingOrUnknown('an object', Object.keys(shape)))
}

function expecting(expectation: string) {
  return {
    error: ({ path, input }: { path?: PropertyKey[]; input: unknown }) =>
      `${path?.join('.') ?? ''} must be ${expectation}, but is ${showValue(input)}.`,
  }
}

function expectingScaling() {
  return {
    error: (issue: { code?: string; path?: PropertyKey[]; input: unknown }) => {
      if (issue.code !== 'invalid_union')
        return expecting(`an object such as { type: 'linear', factor: 2 }`).error(issue)
      const input = (issue.input as { type?: unknown }).type
      return expecting(scalingTypes).error({ path: issue.path, input })
    },
  }
}

function expectingOrUnknown(expectation: string, known: string[]) {
  return {
    error: (issue: { code?: string; keys?: string[]; path?: PropertyKey[]; input: unknown }) => {
      if (issue.code !== 'unrecognized_keys') return expecting(expectation).error(issue)
      return `Unknown key ${issue.keys?.map(showValue).join(', ')}; known keys are ${known.join(', ')}.`
    },
  }
}
