import { mkdir, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { writeError } from './write-error.js'

/**
 * Makes a folder and the folders around it, one by one: making parents by itself, Node reports a read-only file system
 * as a missing folder and never returns where new folders are refused that way (`/proc`).
 *
 * @param path - the folder
 * @returns what was made, outermost first; empty when the folder was there
 * @throws SwatError `run-not-written` when the system refuses
 */
export async function makeFolder(path: string): Promise<string[]> {
  try {
    return await make(resolve(path))
  } catch (error) {
    throw writeError(path, error)
  }
}

async function make(path: string): Promise<string[]> {
  const found = await stat(path).catch(() => null)
  if (found?.isDirectory()) return []
  const above = found ? [] : await make(dirname(path))
  try {
    await mkdir(path)
    return [...above, path]
  } catch (error) {
    // Another run may have made it in the meantime.
    const isThere = (error as NodeJS.ErrnoException).code === 'EEXIST' && (await stat(path)).isDirectory()
    if (!isThere) throw error
    return above
  }
}
