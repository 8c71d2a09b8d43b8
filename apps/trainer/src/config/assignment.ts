import { SwatError } from '@swat-js/tensor-core'
import { parse } from 'yaml'

/** A value that the command line sets. */
export interface Assignment {
  /** As it was written, for messages. */
  argument: string
  /** From the outside in. */
  keys: string[]
  /** What the YAML says. */
  value: unknown
}

/**
 * Reads `key.key=value`.
 *
 * @param text - what follows `--set`
 * @throws SwatError `config` when it is no assignment or the value no YAML
 */
export function parseAssignment(text: string): Assignment {
  const argument = `--set ${text}`
  const equals = text.indexOf('=')
  const keys = text.slice(0, Math.max(equals, 0)).trim().split('.')
  if (keys.some((key) => key === '' || key === '__proto__')) {
    throw new SwatError('config', `${argument}: expected key=value, for example --set training.steps=200.`)
  }
  try {
    return { argument, keys, value: parse(text.slice(equals + 1)) }
  } catch (error) {
    throw new SwatError('config', `${argument}: the value is not valid YAML. Quote it if it is a text.`, {
      cause: error,
    })
  }
}

/**
 * Puts a value where its keys say, in sections that are made as needed.
 *
 * @throws SwatError `config` when a key on the way has a value that is no section
 */
export function assign(
  target: Record<string, unknown>,
  keys: readonly string[],
  value: unknown,
  argument: string,
): void {
  let section = target
  for (const [i, key] of keys.slice(0, -1).entries()) {
    const inner = (section[key] ??= {})
    if (typeof inner !== 'object' || Array.isArray(inner)) {
      const name = keys.slice(0, i + 1).join('.')
      throw new SwatError('config', `${argument}: ${name} is ${JSON.stringify(inner)}, which has no keys to set.`)
    }
    section = inner as Record<string, unknown>
  }
  section[keys[keys.length - 1]] = value
}
