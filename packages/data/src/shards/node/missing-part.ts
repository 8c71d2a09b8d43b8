import { DataError } from '../../data-error.js'

/** The error for a file of a half-made set that was noted and is not there. */
export function missingPart(owner: string, path: string, cause?: unknown): DataError {
  const message = `${owner}: ${path} was noted, but is missing. Begin anew with restart.`
  return new DataError('invalid-shards', message, { cause })
}
