import { SwatError } from '@swat-js/tensor-core'
import type { z } from 'zod'
import { closestWord } from './closest-word.js'
import { describeUnknownKey } from './describe-unknown-key.js'
import { runConfigJsonSchema } from './run-config-json-schema.js'
import { runConfigSchema } from './run-config-schema.js'
import type { RunConfig, RunConfigInput } from './run-config.js'

/** Keys from the outside in. */
export type KeyPath = readonly string[]

/** Something that a configuration says wrongly: the places it may be blamed on, best first, and what it is. */
interface Problem {
  paths: readonly KeyPath[]
  message: string
}

/**
 * Checks a configuration and fills in every default.
 *
 * @param input - what was written; only `name` and `data` are required
 * @param locate - says where the best of some keys was written, for messages; by default the first, dotted
 * @returns the complete configuration
 * @throws SwatError `config` with one line for each thing that is wrong: where, what was expected, what came
 */
export function resolveRunConfig(
  input: RunConfigInput,
  locate: (paths: readonly KeyPath[]) => string = ([path]) => path.join('.'),
): RunConfig {
  const result = runConfigSchema.safeParse(input)
  if (result.success) return result.data
  const lines = result.error.issues
    .flatMap((issue) => describeIssue(issue, input))
    .map(({ paths, message }) => `${locate(paths)}: ${message}.`.replace(/^: /, '').replace(/([.?])\.$/, '$1'))
  throw new SwatError('config', lines.join(' '))
}

function describeIssue(issue: z.core.$ZodIssue, input: unknown): Problem[] {
  const path = issue.path.map(String)
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(path)
    return issue.keys.map((key) => ({ paths: [[...path, key]], message: describeUnknownKey(key, known) }))
  }
  const value = valueAt(input, path)
  const came = value === undefined ? 'but it is missing' : `got ${show(value)}`
  if (issue.code === 'invalid_value') {
    const allowed = issue.values.map(String)
    const meant = typeof value === 'string' ? closestWord(value, allowed) : undefined
    const message = `expected one of ${listed(allowed)}, ${came}`
    return [{ paths: [path], message: meant ? `${message}; did you mean '${meant}'?` : message }]
  }
  if (issue.code === 'custom') {
    return [{ paths: (issue.params?.paths as KeyPath[] | undefined) ?? [path], message: issue.message }]
  }
  const isNotFinite = typeof value === 'number' && !Number.isFinite(value)
  const expected = isNotFinite ? 'a finite number' : (sections[path.join('.')] ?? expectation(issue))
  return [{ paths: [path], message: `expected ${expected}, ${came}` }]
}

/** A list as a message can hold it. */
function listed(words: readonly string[]): string {
  const [most, shown] = [12, 9]
  if (words.length <= most) return words.join(', ')
  return `${words.slice(0, shown).join(', ')} (and ${words.length - shown} more)`
}

function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return typeNames[issue.expected] ?? issue.expected
    case 'too_small': {
      const bound = `${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}`
      if (issue.origin === 'string') return issue.minimum === 1 ? 'a text that is not empty' : `${bound} characters`
      return issue.origin === 'array' ? `a list of ${bound}` : `${nameOfNumber(issue.origin)} of ${bound}`
    }
    case 'too_big':
      return `${nameOfNumber(issue.origin)} of ${issue.inclusive ? 'at most' : 'less than'} ${issue.maximum}`
    case 'invalid_union':
      return [...new Set(issue.errors.flat().map(expectation))].join(' or ')
    default:
      return issue.message.replace(/^Invalid \w+: /, '').replace(/^expected /, '')
  }
}

/** What sections are for that have no default. */
const sections: Partial<Record<string, string>> = {
  data: 'a section with path (your own text), module (an npm package), hub (a data set) or shards (a prepared set)',
}

function show(value: unknown): string {
  return typeof value === 'number' ? String(value) : JSON.stringify(value)
}

const typeNames: Partial<Record<string, string>> = {
  int: 'a whole number',
  number: 'a number',
  string: 'a text',
  boolean: 'true or false',
  object: 'a section with keys',
  array: 'a list',
}

function nameOfNumber(origin: string): string {
  return origin === 'int' ? 'a whole number' : 'a number'
}

function keysAt(path: readonly string[]): string[] {
  let schema: JsonObject | undefined = runConfigJsonSchema()
  for (const key of path) schema = (schema?.properties as Record<string, JsonObject> | undefined)?.[key]
  return Object.keys((schema?.properties as JsonObject | undefined) ?? {})
}

type JsonObject = Record<string, unknown>

function valueAt(input: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, key) => (value as JsonObject | null | undefined)?.[key], input)
}
