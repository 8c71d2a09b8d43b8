import {
  rotaryFrequencies,
  rotaryMscale,
  rotaryScalingAt,
  slopePreset,
  type RotaryScaling,
  type SlopePresetName,
} from '@swat-js/positional-encodings'
import { SwatError } from '@swat-js/tensor-core'
import { z } from 'zod'
import { intermediateSize } from './intermediate-size.js'

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
  /** Keys that a query sees, itself included; `null` = all earlier ones. */
  window: number | null
  /** What turns logits into attention weights: SWAT's sigmoid, or softmax for the baselines. */
  activation: 'sigmoid' | 'softmax'
  /** Balanced ALiBi (SWAT Eq. 4): the name of a slope preset, or one slope for each head in the paper's sign. */
  slopes: SlopePresetName | number[]
  /** Rotary position embedding, or `null` for none. */
  rope: {
    /** Base of the rotary frequencies. */
    base: number
    /** How positions are stretched for texts longer than those of the training; absent = not at all. */
    scaling?: RotaryScaling | undefined
  } | null
  /** Added to every attention logit; `'neg-log-window'` is −ln(window). Only for `activation: 'sigmoid'`. */
  sigmoidBias: number | 'neg-log-window'
  /** Whether queries and keys are RMS-normalised over the channels of a head before rotation. */
  qkNorm: boolean
  /** Epsilon of the RMS norms in and after the blocks. */
  normEpsilon: number
  /** Whether the output layer reuses the embedding matrix. */
  tied: boolean
  /** Standard deviation of the initial matrices. */
  initStd: number
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
  /** See {@link SwatConfig.window}. */
  window: number | null
  /** Default: `'sigmoid'`. */
  activation?: 'sigmoid' | 'softmax'
  /** Default: `'swat-+'`, the balanced slopes of SWAT Eq. 4. */
  slopes?: SlopePresetName | number[]
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
  sigmoidBias?: number | 'neg-log-window'
  /** Default: `false`. */
  qkNorm?: boolean
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

const fields = {
  vocabSize: positiveInteger,
  hiddenSize: positiveInteger,
  layers: positiveInteger,
  heads: positiveInteger,
  kvHeads: positiveInteger.optional(),
  headDim: positiveInteger.optional(),
  intermediateSize: positiveInteger.optional(),
  window: z
    .int(expecting('a positive integer, or null for unlimited'))
    .positive(expecting('a positive integer, or null for unlimited'))
    .nullable(),
  activation: z.enum(['sigmoid', 'softmax'], expecting(`'sigmoid' or 'softmax'`)).default('sigmoid'),
  slopes: z
    .union([slopeName, z.array(z.number())], expecting('the name of a slope preset or an array of finite numbers'))
    .default('swat-+'),
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
    .union([z.number(), z.literal('neg-log-window')], expecting(`a finite number or 'neg-log-window'`))
    .default(0),
  qkNorm: boolean.default(false),
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
    for (const { path, message } of contradictions(withDerivedSizes(input))) {
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

interface Contradiction {
  path: string[]
  message: string
}

/** Rules that relate several values; each value by itself is already valid. */
function contradictions(config: SwatConfig): Contradiction[] {
  const { hiddenSize, heads, kvHeads, headDim, window, activation, slopes, rope, sigmoidBias } = config
  const found: Contradiction[] = []
  const refuse = (key: keyof SwatConfig, message: string, ...below: string[]) =>
    found.push({ path: [key, ...below], message })

  if (!Number.isInteger(headDim)) {
    refuse('headDim', `hiddenSize (${hiddenSize}) must be a multiple of heads (${heads}). Change one or give headDim.`)
  } else if (rope && headDim % 2 === 1) {
    refuse('headDim', `headDim must be even for RoPE, but is ${headDim}. Change heads, or set rope to null.`)
  } else {
    const scalingProblem = checkScaling(rope, headDim)
    if (scalingProblem) refuse('rope', scalingProblem, 'scaling')
  }
  if (heads % kvHeads !== 0) {
    const divisors = Array.from({ length: heads }, (_, i) => i + 1).filter((candidate) => heads % candidate === 0)
    refuse('kvHeads', `kvHeads must divide heads (${heads}), but is ${kvHeads}. Choose from ${divisors.join(', ')}.`)
  }
  const slopeProblem = checkSlopes(slopes, heads)
  if (slopeProblem) refuse('slopes', slopeProblem)
  if (sigmoidBias === 'neg-log-window' && window === null) {
    refuse('sigmoidBias', `sigmoidBias 'neg-log-window' needs a window, but window is null. Give the bias as a number.`)
  }
  if (activation === 'softmax' && sigmoidBias !== 0) {
    refuse('sigmoidBias', `sigmoidBias must be 0 with activation 'softmax', but is ${show(sigmoidBias)}.`)
  }
  return found
}

/** What the frequencies refuse, at a length beyond the original one, where also a dynamic scaling scales. */
function checkScaling(rope: SwatConfig['rope'], headDim: number): string | null {
  if (!rope?.scaling || !(rope.base > 0)) return null
  const { base, scaling } = rope
  const length = 'originalLength' in scaling ? 2 * scaling.originalLength : 1
  try {
    rotaryFrequencies(headDim, base, rotaryScalingAt(scaling, length))
    return null
  } catch (error) {
    if (!(error instanceof SwatError)) throw error
    return `rope.scaling: ${error.message}`
  }
}

function checkSlopes(slopes: SlopePresetName | number[], heads: number): string | null {
  if (typeof slopes !== 'string') {
    if (slopes.length === heads) return null
    return `slopes must have one number for each of ${heads} heads, but has ${slopes.length}.`
  }
  try {
    slopePreset(slopes, heads)
    return null
  } catch (error) {
    if (!(error instanceof SwatError)) throw error
    return `slopes: ${error.message}`
  }
}

function scalingOf<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.strictObject(shape, expectingOrUnknown('an object', Object.keys(shape)))
}

function expecting(expectation: string) {
  return {
    error: ({ path, input }: { path?: PropertyKey[]; input: unknown }) =>
      `${path?.join('.') ?? ''} must be ${expectation}, but is ${show(input)}.`,
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
      return `Unknown key ${issue.keys?.map(show).join(', ')}; known keys are ${known.join(', ')}.`
    },
  }
}

function show(value: unknown): string {
  if (value === undefined) return 'missing'
  return typeof value === 'number' ? String(value) : JSON.stringify(value).replaceAll('"', `'`)
}
