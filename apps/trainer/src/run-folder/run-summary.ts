import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunSummary } from '../progress/run-event.js'

/**
 * Reads summary.json of a run folder.
 *
 * @param folder - the run folder
 * @returns what the run reached, or null while it is not at its end
 */
export async function readRunSummary(folder: string): Promise<RunSummary | null> {
  const text = await readFile(join(folder, 'summary.json'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null
    throw error
  })
  return text === null ? null : (JSON.parse(text) as RunSummary)
}
