import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, normalize, resolve, sep } from 'node:path'
import { SwatError } from '../../swat-error.js'
import { asideName, isLeft, parseAside } from './aside.js'
import { notWritten } from './not-written.js'
import { syncFolder, writeSynced } from './synced.js'

/**
 * Writes a checkpoint folder that is either there as a whole or not at all. Files are written to a folder beside it,
 * synced to the disk, and the folder is renamed. A checkpoint of the same name is moved aside first and removed last;
 * killed between these renames, it stays as `<folder>.old-…`, is listed as such, and is put back by the next save. One
 * save at a time under a name; what killed processes left in the folder around is removed.
 *
 * @param folder - the checkpoint; folders around it are created
 * @param files - contents by path inside the folder; text is written as UTF-8
 * @throws SwatError `checkpoint-not-written` when the disk is full or the place cannot be written, `checkpoint-name`
 * for a path that leads out of the folder; an old checkpoint stays
 */
export async function saveCheckpoint(
  folder: string,
  files: Readonly<Record<string, Uint8Array | string>>,
): Promise<void> {
  const target = resolve(folder)
  const around = dirname(target)
  const aside = asideName(target, 'tmp')
  for (const name of Object.keys(files)) expectInside(name)
  try {
    await mkdir(around, { recursive: true })
    await recover(around, basename(target))
    await mkdir(aside)
    for (const [name, data] of Object.entries(files)) {
      const path = join(aside, name)
      await mkdir(dirname(path), { recursive: true })
      await writeSynced(path, data)
    }
    for (const path of foldersOf(aside, Object.keys(files))) await syncFolder(path)
    await replace(aside, target, asideName(target, 'old'))
    await syncFolder(around)
  } catch (error) {
    await rm(aside, { recursive: true, force: true }).catch(() => {})
    throw notWritten('saveCheckpoint', target, error)
  }
}

/** Clears away what killed processes left; puts this checkpoint back where it was between two renames. */
async function recover(around: string, name: string): Promise<void> {
  const names = await readdir(around)
  let present = names.includes(name)
  for (const entry of names) {
    const aside = parseAside(entry)
    if (aside?.kind === 'old' && aside.target === name && !present) {
      await rename(join(around, entry), join(around, name))
      present = true
    } else if (aside?.target === name || (aside?.kind === 'tmp' && isLeft(aside))) {
      await rm(join(around, entry), { recursive: true, force: true })
    }
  }
}

async function replace(source: string, target: string, old: string): Promise<void> {
  const replaced = await rename(target, old).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false
      throw error
    },
  )
  try {
    await rename(source, target)
  } catch (error) {
    if (replaced) await rename(old, target)
    throw error
  }
  if (replaced) await rm(old, { recursive: true, force: true })
}

function expectInside(name: string): void {
  const path = normalize(name)
  const leadsOut = path === '..' || path.startsWith(`..${sep}`) || isAbsolute(path)
  if (!leadsOut && path !== '.' && !path.endsWith(sep)) return
  throw new SwatError(
    'checkpoint-name',
    `saveCheckpoint: a file's path must lie inside the checkpoint, but '${name}' does not. Use names like 'config.json'.`,
  )
}

/** The checkpoint's folders, innermost first. */
function foldersOf(root: string, names: string[]): string[] {
  const folders = new Set([root])
  for (const name of names) {
    for (let path = dirname(join(root, name)); path !== root; path = dirname(path)) folders.add(path)
  }
  return [...folders].sort((a, b) => b.length - a.length)
}
