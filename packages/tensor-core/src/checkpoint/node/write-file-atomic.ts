import { rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { asideName } from './aside.js'
import { notWritten } from './not-written.js'
import { syncFolder, writeSynced } from './synced.js'

/**
 * Writes a file that is either there as a whole or not at all: aside, synced to the disk, renamed over the old one.
 *
 * @param path - the file; its folder must exist
 * @param data - bytes, or text that is written as UTF-8
 * @throws SwatError `checkpoint-not-written` when the disk is full, the place cannot be written, or it does not exist;
 * the old file stays
 */
export async function writeFileAtomic(path: string, data: Uint8Array | string): Promise<void> {
  const aside = asideName(path, 'tmp')
  try {
    await writeSynced(aside, data)
    await rename(aside, path)
    await syncFolder(dirname(path))
  } catch (error) {
    await rm(aside, { force: true }).catch(() => {})
    throw notWritten('writeFileAtomic', path, error)
  }
}
