import { DataError } from './data-error.js'

/** Throws a {@link DataError} unless `value` is one of the choices. */
export function checkChoice(owner: string, name: string, value: string, choices: readonly string[]): void {
  if (choices.includes(value)) return
  const known = choices.map((choice) => `'${choice}'`).join(' or ')
  throw new DataError('invalid-argument', `${owner}: ${name} must be ${known}, got ${JSON.stringify(value)}.`)
}
