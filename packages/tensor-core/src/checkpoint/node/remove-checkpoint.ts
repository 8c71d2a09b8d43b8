import { rename, rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { asideName } from './aside.js'
import { notWritten } from './not-written.js'

/**
 * Removes a checkpoint. It loses its name first, so that a half-removed one is never listed.
 *
 * @param path - the checkpoint; one that does not exist is no error
 * @throws SwatError `checkpoint-not-written` when it cannot be removed
 */
export async function removeCheckpoint(path: string): Promise<void> {
  const target = resolve(path)
  const aside = asideName(target, 'tmp')
  try {
    await rename(target, aside)
    await rm(aside, { recursive: true, force: true })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw notWritten('removeCheckpoint', target, error)
  }
}
