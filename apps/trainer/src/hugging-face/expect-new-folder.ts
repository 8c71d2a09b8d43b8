import { readdir } from 'node:fs/promises'
import { SwatError } from '@swat-js/tensor-core'

/**
 * Checks that a folder can be made: it is not there, or empty.
 *
 * @param folder - its path
 * @throws SwatError `import` when it holds something, or when it is a file or below one
 */
export async function expectNewFolder(folder: string): Promise<void> {
  const names = await readdir(folder).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return []
    throw new SwatError('import', `${folder} cannot be a folder (${cause.code}). Choose a new one.`, { cause })
  })
  if (names.length > 0) throw new SwatError('import', `${folder} is there already. Choose a new folder.`)
}
