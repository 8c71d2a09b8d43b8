import { slopePreset, type SlopePresetName } from '@swat-js/positional-encodings'
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
    .strictObject({ base: positiveNumber.default(10000) }, expectingOrUnknown('{ base: number } or null', ['base']))
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
    for (const { key, message } of contradictions(withDerivedSizes(input))) {
      context.addIssue({ code: 'custom', path: [key], message })
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
    kvHeads: kvHeads ?? rest.heads,
    headDim: headDim ?? rest.hiddenSize / rest.heads,
    intermediateSize: intermediate ?? intermediateSize(rest.hiddenSize),
  }
}

interface Contradiction {
  key: keyof SwatConfig
  message: string
}

/** Rules that relate several values; each value by itself is already valid. */
function contradictions(config: SwatConfig): Contradiction[] {
  const { hiddenSize, heads, kvHeads, headDim, window, activation, slopes, rope, sigmoidBias } = config
  const found: Contradiction[] = []
  const refuse = (key: keyof SwatConfig, message: string) => found.push({ key, message })

  if (!Number.isInteger(headDim)) {
    refuse('headDim', `hiddenSize (${hiddenSize}) must be a multiple of heads (${heads}). Change one or give headDim.`)
  } else if (rope && headDim % 2 === 1) {
    refuse('headDim', `headDim must be even for RoPE, but is ${headDim}. Change heads, or set rope to null.`)
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

function expecting(expectation: string) {
  return {
    error: ({ path, input }: { path?: PropertyKey[]; input: unknown }) =>
      `${path?.join('.') ?? ''} must be ${expectation}, but is ${show(input)}.`,
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
