import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { parseAside } from './aside.js'

/**
 * The whole checkpoints in a folder, in the order of the numbers in their names: `step-000200` before `step-001000`.
 * Half-written ones are not listed. One that was being replaced when its process was killed is listed where it stands,
 * as `<name>.old-…`, as long as its replacement is not there.
 *
 * @param folder - the folder that holds the checkpoints; one that does not exist holds none
 * @returns paths, oldest first
 */
export async function listCheckpoints(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
  const whole = names.filter((name) => {
    const aside = parseAside(name)
    return aside === null || (aside.kind === 'old' && !names.includes(aside.target))
  })
  const byNumber = new Intl.Collator('en', { numeric: true })
  return whole.sort(byNumber.compare).map((name) => join(folder, name))
}

/**
 * The last of {@link listCheckpoints}.
 *
 * @param folder - the folder that holds the checkpoints
 * @returns its path, or null when there is none
 */
export async function latestCheckpoint(folder: string): Promise<string | null> {
  return (await listCheckpoints(folder)).at(-1) ?? null
}
