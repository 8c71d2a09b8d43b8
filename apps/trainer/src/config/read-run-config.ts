import { readFile } from 'node:fs/promises'
import { basename, extname } from 'node:path'
import { SwatError } from '@swat-js/tensor-core'
import { isMap, isNode, LineCounter, parseDocument, type Document } from 'yaml'
import { assign, parseAssignment } from './assignment.js'
import { resolveRunConfig, type KeyPath } from './resolve-run-config.js'
import type { RunConfig, RunConfigInput } from './run-config.js'

/** What the command line adds to a configuration file. */
export interface ConfigOverrides {
  /** Assignments of the form `training.steps=200`; values are YAML. */
  set?: readonly string[]
  /** The run's name, in place of the file's. */
  name?: string
}

/**
 * Reads a run's configuration from a YAML or JSON file.
 *
 * @param path - the file
 * @param overrides - what the command line adds; it wins over the file
 * @returns the complete configuration; `name` defaults to the name of the file
 * @throws SwatError `config` when the file is missing, empty, not YAML, or says something wrong; the message has file,
 * line and column, or the `--set` argument
 */
export async function readRunConfig(path: string, overrides: ConfigOverrides = {}): Promise<RunConfig> {
  const lineCounter = new LineCounter()
  const document = parseDocument(await readText(path), { lineCounter, prettyErrors: false })
  const syntaxError = document.errors[0]
  if (syntaxError) {
    throw new SwatError('config', `${position(path, lineCounter, syntaxError.pos[0])}: ${syntaxError.message}.`)
  }
  if (document.contents === null) {
    throw new SwatError(
      'config',
      `${path}: the file is empty. A configuration needs at least data.path, data.module, data.hub or data.shards.`,
    )
  }
  if (!isMap(document.contents)) {
    throw new SwatError('config', `${path}: expected keys such as 'data:' at the top, got something else.`)
  }
  const input = document.toJS() as Record<string, unknown>
  const assignments = (overrides.set ?? []).map(parseAssignment)
  if (overrides.name !== undefined) {
    assignments.push({ argument: `--name ${overrides.name}`, keys: ['name'], value: overrides.name })
  }
  for (const { argument, keys, value } of assignments) assign(input, keys, value, argument)
  input.name ??= basename(path, extname(path))

  const argumentFor = (keys: KeyPath) =>
    assignments.findLast((assignment) => assignment.keys.every((key, i) => key === keys[i]))?.argument
  return resolveRunConfig(input as unknown as RunConfigInput, (paths) => {
    const keys = paths.find((candidate) => argumentFor(candidate) !== undefined) ?? paths[0]
    const argument = argumentFor(keys)
    if (argument) return `${argument}: ${keys.join('.')}`
    const offset = offsetOf(document, keys)
    const place = offset === undefined ? path : position(path, lineCounter, offset)
    return keys.length === 0 ? place : `${place}: ${keys.join('.')}`
  })
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    const reason =
      code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is a folder' : `it cannot be read (${code})`
    throw new SwatError('config', `${path}: ${reason}. Give the path of a YAML or JSON configuration.`, {
      cause: error,
    })
  }
}

/** Where a value was written, or the innermost section around it that was; a key's own place if it has one. */
function offsetOf(document: Document.Parsed, keys: readonly string[]): number | undefined {
  let node: unknown = document.contents
  let offset: number | undefined
  for (const key of keys) {
    if (!isMap(node)) break
    const pair = node.items.find((item) => String(item.key) === key)
    if (!pair) break
    offset = isNode(pair.key) ? pair.key.range?.[0] : offset
    node = pair.value
  }
  return offset
}

function position(path: string, lineCounter: LineCounter, offset: number): string {
  const { line, col } = lineCounter.linePos(offset)
  return `${path}:${line}:${col}`
}
