import { DataError } from './data-error.js'

/** Throws a {@link DataError} unless `value` is one of `choices`. */
export function checkChoice(owner: string, name: string, value: string, choices: readonly string[]): void {
  if (choices.includes(value)) return
  const allowed = choices.map((choice) => `'${choice}'`).join(' or ')
  const message = `${owner}: ${name} must be ${allowed}, got ${JSON.stringify(value)}.`
  throw new DataError('invalid-argument', message)
}
