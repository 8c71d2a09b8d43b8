import { baselineSettings, swatConfigSchema, type SwatConfig } from '@swat-js/models'
import { SwatError } from '@swat-js/tensor-core'
import { z } from 'zod'
import { withoutFunctionNames } from '../messages/without-function-names.js'
import { describeUnknownKey } from './describe-unknown-key.js'
import { resolveModel, type ModelSettings } from './resolve-model.js'

/** Something wrong with a model: the keys it may be blamed on, best first, each from the outside in, and what it is. */
export interface ModelProblem {
  paths: string[][]
  message: string
}

/**
 * What the model refuses of the `model` section.
 *
 * @param settings - the section
 */
export function modelProblems(settings: ModelSettings): ModelProblem[] {
  if ('vocabSize' in settings) {
    return [{ paths: [['vocabSize']], message: 'the vocabulary comes from the tokenizer; leave it out' }]
  }
  try {
    return [...baselineProblems(settings), ...streamingProblems(resolveModel(settings, 256))]
  } catch (error) {
    if (!(error instanceof SwatError && error.cause instanceof z.ZodError)) throw error
    return error.cause.issues.flatMap((issue) => describe(issue, settings))
  }
}

/** What is written must not take away what makes the baseline. */
function baselineProblems({ baseline, ...written }: ModelSettings): ModelProblem[] {
  if (!baseline) return []
  return Object.entries(baselineSettings(baseline)).flatMap(([key, value]) => {
    if (!(key in written) || JSON.stringify(written[key]) === JSON.stringify(value)) return []
    const message = `expected ${JSON.stringify(value)}, which makes the baseline ${baseline}, got ${JSON.stringify(written[key])}; leave one of them out`
    return [{ paths: [[key], ['baseline']], message }]
  })
}

/** A dynamic scaling stops where a stream outgrows its original length; validation and samples are streams. */
function streamingProblems({ rope }: SwatConfig): ModelProblem[] {
  const scaling = rope?.scaling
  if (scaling?.type !== 'dynamic-linear' && scaling?.type !== 'dynamic-ntk') return []
  const same =
    scaling.type === 'dynamic-linear'
      ? `linear with factor N / ${scaling.originalLength}`
      : `ntk with factor ${scaling.factor} · N / ${scaling.originalLength} − ${scaling.factor - 1}`
  const message =
    `expected linear, ntk, yarn or yarn-by-parts, got ${scaling.type}, which goes by the length of each text, but a run ` +
    `validates and samples as an endless stream. For texts of N tokens it is ${same}`
  return [{ paths: [['rope', 'scaling', 'type'], ['rope', 'scaling'], ['rope']], message }]
}

function describe(issue: z.core.$ZodIssue, settings: ModelSettings): ModelProblem[] {
  const path = issue.path.map(String)
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(path, settings)
    return issue.keys.map((key) => ({ paths: [[...path, key]], message: describeUnknownKey(key, known) }))
  }
  // A rule about several values names them; the one that was written is the one to change.
  const written = Object.keys(settings).filter((key) => key !== 'preset' && key !== 'baseline')
  const named = (issue.message.match(/\w+/g) ?? []).filter((word) => written.includes(word)).map((word) => [word])
  const paths = written.includes(path[0]) ? [path, ...named] : [...named, path]
  return [{ paths, message: withoutFunctionNames(issue.message).replace(/^(?:slopes|rope\.scaling): /, '') }]
}

function knownKeys(path: readonly string[], settings: ModelSettings): string[] {
  let schema: ObjectSchema | undefined = z.toJSONSchema(swatConfigSchema, {
    io: 'input',
    unrepresentable: 'any',
  }) as ObjectSchema
  let value: unknown = settings
  for (const key of path) {
    value = (value as Record<string, unknown>)[key]
    schema = schema?.properties?.[key]
    while (schema && !schema.properties) schema = variantFor(value, schema.anyOf ?? schema.oneOf ?? [])
  }
  const keys = Object.keys(schema?.properties ?? {})
  return path.length === 0 ? ['preset', 'baseline', ...keys.filter((key) => key !== 'vocabSize')] : keys
}

/** What JSON Schema says of an object, or of its variants. */
interface ObjectSchema {
  properties?: Record<string, ObjectSchema>
  anyOf?: ObjectSchema[]
  oneOf?: ObjectSchema[]
  const?: unknown
  enum?: unknown[]
}

/** The variant that an object is by its `type`, where variants have one. */
function variantFor(value: unknown, variants: readonly ObjectSchema[]): ObjectSchema | undefined {
  return variants.find(({ properties, anyOf, oneOf }) => {
    const type = properties?.type
    if (!type) return properties ?? anyOf ?? oneOf
    return (type.enum ?? [type.const]).includes((value as { type?: unknown }).type)
  })
}
