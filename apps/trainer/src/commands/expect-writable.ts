import { rm, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { SwatError } from '@swat-js/tensor-core'

/**
 * Tries whether a file can be written, before hours of work go into its contents. Leaves nothing behind.
 *
 * @param path - the file
 * @throws SwatError `not-writable` with the reason
 */
export async function expectWritable(path: string): Promise<void> {
  const refuse = (reason: string, cause?: unknown) => {
    throw new SwatError('not-writable', `${path} cannot be written: ${reason}.`, { cause })
  }
  const present = await stat(path).catch(() => null)
  if (present?.isDirectory()) refuse('it is a folder. Give the name of a file')
  const probe = `${path}.${process.pid}`
  try {
    await writeFile(probe, '')
    await rm(probe)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT') refuse(`there is no folder ${dirname(path)}. Make it, or choose another file`, error)
    if (code === 'ENOTDIR') refuse('a part of the path is a file, not a folder. Choose another file', error)
    refuse(`the system refuses (${error instanceof Error ? error.message : String(error)}). Choose another file`, error)
  }
}
