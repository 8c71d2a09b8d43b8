import { DataError } from './data-error.js'

/** Throws a {@link DataError} unless `value` is a whole number from `least` to `most`. */
export function checkInteger(
  owner: string,
  name: string,
  value: number,
  least: number,
  most: number = Number.MAX_SAFE_INTEGER,
): void {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return
  const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`
  throw new DataError('invalid-argument', `${owner}: ${name} must be a whole number ${range}, got ${value}.`)
}
