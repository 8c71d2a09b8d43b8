import { randomUUID } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { SwatError } from '../swat-error.js'

/**
 * Writes a file that is either there as a whole or not at all: aside, synced to the disk, then renamed over the old one.
 *
 * @param path - the file; its folder must exist
 * @param data - bytes, or text that is written as UTF-8
 * @throws SwatError `checkpoint-not-written` when the disk is full, the place cannot be written, or it does not exist; the
 * old file stays
 */
export async function writeFileAtomic(path: string, data: Uint8Array | string): Promise<void> {
  const aside = `${path}.tmp-${process.pid}-${randomUUID()}`
  try {
    await writeSynced(aside, data)
    await rename(aside, path)
    await syncFolder(dirname(path))
  } catch (error) {
    await rm(aside, { force: true }).catch(() => {})
    throw notWritten('writeFileAtomic', path, error)
  }
}

/**
 * Writes a new file and waits until its content is on the disk.
 *
 * @param path - the file
 * @param data - bytes or text
 */
export async function writeSynced(path: string, data: Uint8Array | string): Promise<void> {
  const file = await open(path, 'wx')
  try {
    await file.writeFile(data)
    await file.sync()
  } finally {
    await file.close()
  }
}

/**
 * Waits until a folder's entries are on the disk. Windows has no such thing and refuses to open a folder.
 *
 * @param path - the folder
 */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

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
