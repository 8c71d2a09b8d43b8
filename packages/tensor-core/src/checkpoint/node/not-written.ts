import { SwatError } from '../../swat-error.js'

const waysOut: Readonly<Record<string, string>> = {
  ENOSPC: 'The disk is full: free some space or choose a folder on another disk.',
  EDQUOT: 'The disk quota is used up: free some space or choose a folder on another disk.',
  EACCES: 'This user may not write there: change the permissions or choose another folder.',
  EPERM: 'This user may not write there: change the permissions or choose another folder.',
  EROFS: 'The file system is read-only: choose a folder on another one.',
  ENOTDIR: 'A part of the path is a file, not a folder: choose another path.',
  EEXIST: 'A file stands where a folder is needed: choose another path.',
  ENOENT: 'The folder around it does not exist: create it first.',
}

/**
 * The error for a failed write, with the path and the way out.
 *
 * @param caller - the public function that failed
 * @param path - what it was to write
 * @param cause - the file system's error; any other error is returned as it is
 * @returns the error to throw
 */
export function notWritten(caller: string, path: string, cause: unknown): unknown {
  const code = (cause as NodeJS.ErrnoException).code
  if (code === undefined) return cause
  const wayOut = waysOut[code] ?? `The file system says: ${(cause as Error).message}.`
  return new SwatError('checkpoint-not-written', `${caller}: could not write ${path} (${code}). ${wayOut}`, { cause })
}
