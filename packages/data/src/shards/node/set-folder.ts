import { existsSync, mkdirSync, readdirSync, rmdirSync, rmSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { DataError } from '../../data-error.js'
import { shardFileName, splitNames } from '../shard-manifest.js'
import { lockName } from './lock-set.js'
import type { PrepareState } from './prepare-state.js'
import { writeError } from './write-error.js'

/** Name of the folder, inside a set's own, where everything lies that is not complete. */
export const unfinishedName = 'unfinished'

/** Name of the file in it that says how far the work has come. */
export const stateName = 'state.json'

const shardPattern = new RegExp(`^(${splitNames.join('|')})-\\d{5,}\\.tokens$`)
const isOurs = (name: string): boolean => name === 'tokenizer.json' || shardPattern.test(name)
const isPassing = (name: string): boolean => name === lockName || name.endsWith('.tmp')

/**
 * Makes a folder and the folders around it, one by one: making parents by itself, Node reports a read-only file system
 * as a missing folder.
 *
 * @returns what was made, outermost first
 */
export function makeFolders(path: string, owner: string): string[] {
  const make = (folder: string): string[] => {
    if (existsSync(folder) && statSync(folder).isDirectory()) return []
    const above = existsSync(folder) ? [] : make(dirname(folder))
    try {
      mkdirSync(folder)
      return [...above, folder]
    } catch (error) {
      // Another process may have made it in the meantime.
      const isThere = (error as NodeJS.ErrnoException).code === 'EEXIST' && statSync(folder).isDirectory()
      if (!isThere) throw error
      return above
    }
  }
  try {
    return make(resolve(path))
  } catch (cause) {
    throw writeError(owner, path, cause)
  }
}

/** Removes folders that were made and hold nothing. */
export function removeEmptyFolders(folders: readonly string[]): void {
  for (const folder of [...folders].reverse()) {
    try {
      rmdirSync(folder)
    } catch {
      return // something is in it
    }
  }
}

/** Throws when a folder is not empty and holds no set, nor a part of one. */
export function expectOwnFolder(folder: string, owner: string): void {
  const names = readdirSync(folder).filter((name) => !isPassing(name))
  if (names.length === 0 || names.includes('manifest.json') || names.includes(unfinishedName)) return
  throw new DataError(
    'different-preparation',
    `${owner}: ${folder} holds other files (${names.slice(0, 3).join(', ')}${names.length > 3 ? ', …' : ''}). ` +
      'Choose a new or an empty folder.',
  )
}

/** Removes all files of a set, in an order that leaves no set, but a folder of ours, wherever it is broken off. */
export function removeSet(folder: string, owner: string): void {
  try {
    mkdirSync(join(folder, unfinishedName), { recursive: true })
    rmSync(join(folder, 'manifest.json'), { force: true })
    rmSync(join(folder, unfinishedName, stateName), { force: true })
    for (const name of readdirSync(folder)) if (isOurs(name)) rmSync(join(folder, name), { force: true })
    rmSync(join(folder, unfinishedName), { recursive: true, force: true })
  } catch (cause) {
    throw writeError(owner, folder, cause)
  }
}

/** Removes shards that a state does not know, and what writing aside left. */
export function removeOthers(folder: string, unfinished: string, state: PrepareState): void {
  const known = new Set<string>()
  for (const [split, { finished, open }] of Object.entries(state.splits)) {
    for (const { file } of finished) known.add(file)
    if (open.documents > 0) known.add(shardFileName(split, finished.length))
  }
  for (const place of [folder, unfinished]) {
    for (const name of readdirSync(place)) {
      const isLeft = name.endsWith('.tmp') && !name.startsWith(lockName)
      const isUnknown = shardPattern.test(name) && !known.has(name)
      if (isLeft || isUnknown) rmSync(join(place, name), { force: true })
    }
  }
}
