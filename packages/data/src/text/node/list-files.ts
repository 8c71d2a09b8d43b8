import type { Dirent, Stats } from 'node:fs'
import { lstat, readdir, stat } from 'node:fs/promises'
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { glob, isDynamicPattern } from 'tinyglobby'
import { DataError } from '../../data-error.js'
import { isTextFile, noSuchFile } from '../file-format.js'
import { unreadable } from './local-file.js'
import type { PathSource } from './document-source.js'

/** A file that is there. */
export interface FoundFile {
  readonly path: string
  /** In bytes; null for what is not an ordinary file, such as a pipe. */
  readonly byteLength: number | null
}

type Format = NonNullable<PathSource['format']>

/**
 * The files that a path stands for.
 *
 * @throws {DataError} `file-not-found`, `unreadable-file`, `empty-text` for a folder or glob without files
 */
export async function listFiles(owner: string, path: string, format: Format): Promise<FoundFile[]> {
  const found = await statOf(owner, path)
  if (found === null) return listGlob(owner, path)
  if (!found.isDirectory()) return [toFile(path, found)]
  const files = await listFolder(owner, path, format)
  if (files.length > 0) return sorted(files)
  throw new DataError(
    'empty-text',
    `${owner}: the folder ${path} has ${noSuchFile(format)}. Name files with other endings one by one or by a glob, or ` +
      'give their format.',
  )
}

async function listGlob(owner: string, pattern: string): Promise<FoundFile[]> {
  const isGlob = isDynamicPattern(pattern)
  const options = { absolute: isAbsolute(pattern), dot: false, expandDirectories: false, onlyFiles: true }
  const paths = isGlob ? await glob(pattern, options) : []
  const named = fixedFolder(pattern)
  const files = await Promise.all(
    paths.map(async (path): Promise<FoundFile[]> => {
      if (await isBehindLink(path, named)) return []
      const found = await statOf(owner, path)
      return found === null ? [] : [toFile(path, found)]
    }),
  )
  if (files.flat().length > 0) return sorted(files.flat())
  const what = isGlob ? 'file or folder that is called or matches' : 'file or folder'
  throw new DataError(
    'file-not-found',
    `${owner}: there is no ${what} ${pattern}. Relative paths start at ${process.cwd()}.`,
  )
}

/** The folder that a glob names before its first wildcard, from the root. */
function fixedFolder(pattern: string): string {
  const parts = pattern.split('/')
  const fixed = parts.findIndex((part) => part.includes('{') || isDynamicPattern(part))
  const named = parts.slice(0, fixed === -1 ? parts.length - 1 : fixed).join('/')
  return resolve(named.replace(/\\(.)/g, '$1') || (isAbsolute(pattern) ? '/' : '.'))
}

/** Whether a folder on the way to a file, behind the one that the user named, is a link: it may lead in a circle. */
async function isBehindLink(path: string, named: string): Promise<boolean> {
  let folder = named
  for (const part of relative(named, dirname(resolve(path))).split(sep)) {
    folder = join(folder, part)
    if (part !== '' && part !== '..' && (await lstat(folder)).isSymbolicLink()) return true
  }
  return false
}

async function listFolder(owner: string, folder: string, format: Format): Promise<FoundFile[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: Error): Dirent[] => {
    throw unreadable(owner, folder, cause)
  })
  const nested = entries
    .filter(({ name }) => !name.startsWith('.'))
    .map(async (entry): Promise<FoundFile[]> => {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) return listFolder(owner, path, format)
      if (!isTextFile(entry.name, format)) return []
      const found = await statOf(owner, path)
      if (found === null) throw brokenLink(owner, path)
      return found.isDirectory() ? [] : [toFile(path, found)] // a link to a folder may lead in a circle
    })
  return (await Promise.all(nested)).flat()
}

async function statOf(owner: string, path: string): Promise<Stats | null> {
  return stat(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR') return null
    throw unreadable(owner, path, cause)
  })
}

function toFile(path: string, found: Stats): FoundFile {
  return { path, byteLength: found.isFile() ? found.size : null }
}

function sorted(files: readonly FoundFile[]): FoundFile[] {
  return files.toSorted((left, right) => (left.path < right.path ? -1 : 1))
}

function brokenLink(owner: string, path: string): DataError {
  return new DataError('file-not-found', `${owner}: ${path} is a link that leads nowhere. Remove or repair it.`)
}
