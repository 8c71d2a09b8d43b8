import { presetConfig } from '@swat-js/models'
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
    resolveModel(settings, 256)
    return []
  } catch (error) {
    if (!(error instanceof SwatError && error.cause instanceof z.ZodError)) throw error
    return error.cause.issues.flatMap((issue) => describe(issue, settings))
  }
}

function describe(issue: z.core.$ZodIssue, settings: ModelSettings): ModelProblem[] {
  const path = issue.path.map(String)
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(path, settings)
    return issue.keys.map((key) => ({ paths: [[...path, key]], message: describeUnknownKey(key, known) }))
  }
  // A rule about several values names them; the one that was written is the one to change.
  const written = Object.keys(settings).filter((key) => key !== 'preset')
  const named = (issue.message.match(/\w+/g) ?? []).filter((word) => written.includes(word)).map((word) => [word])
  const paths = written.includes(path[0]) ? [path, ...named] : [...named, path]
  return [{ paths, message: withoutFunctionNames(issue.message).replace(/^slopes: /, '') }]
}

function knownKeys(path: readonly string[], settings: ModelSettings): string[] {
  const model: unknown = presetConfig(settings.preset)
  const section = path.reduce((value, key) => (value as Record<string, unknown>)[key], model)
  const keys = Object.keys(section as object)
  return path.length === 0 ? ['preset', ...keys.filter((key) => key !== 'vocabSize')] : keys
}
