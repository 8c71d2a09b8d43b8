import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { DataError } from '../../data-error.js'
import { manifestFormat, shardFileName, splitNames } from '../shard-manifest.js'
import { isLockName } from './lock-set.js'
import type { PrepareState } from './prepare-state.js'
import { syncFolder } from './sync-folder.js'
import { writeError } from './write-error.js'

/** Name of the folder, inside a set's own, where everything lies that is not complete. */
export const unfinishedName = 'unfinished'

/** Name of the file in it that says how far the work has come. */
export const stateName = 'state.json'

/**
 * Name of the empty file in it that says whose folder it is. It is there before anything else and goes last, so that
 * the folder is known as ours wherever the work is broken off.
 */
export const markerName = manifestFormat

const shardPattern = new RegExp(`^(${splitNames.join('|')})-\\d{5,}\\.tokens$`)
const startsPattern = new RegExp(`^(${splitNames.join('|')})-\\d{5,}\\.starts$`)
const isOurs = (name: string): boolean => name === 'tokenizer.json' || shardPattern.test(name)
const isAside = (name: string): boolean =>
  ['manifest.json.tmp', 'tokenizer.json.tmp', `${stateName}.tmp`].includes(name)
const isPassing = (name: string): boolean => isLockName(name) || isAside(name)
const isUnfinished = (name: string): boolean =>
  name === stateName || name === 'digests' || shardPattern.test(name) || startsPattern.test(name) || isAside(name)

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

/**
 * Throws when a folder is not empty and holds no set, nor a part of one. A name alone tells little: programs of all
 * kinds have a manifest.json, and people a folder of what is unfinished.
 *
 * @param restart whether a set without its manifest will do: shards, and nothing that is not of a set
 */
export function expectOwnFolder(folder: string, restart: boolean, owner: string): void {
  const refuse = (what: string, way = 'Choose a new or an empty folder'): never => {
    throw new DataError('different-preparation', `${owner}: ${folder} holds ${what}. ${way}.`)
  }
  const names = readdirSync(folder).filter((name) => !isPassing(name))
  const hasManifest = names.includes('manifest.json')
  if (hasManifest && !isOwnManifest(join(folder, 'manifest.json'), owner)) {
    refuse('a manifest.json of something else')
  }
  const unfinished = names.includes(unfinishedName) ? inspectUnfinished(join(folder, unfinishedName)) : 'empty'
  if (unfinished === 'foreign' || (unfinished === 'unmarked' && !restart)) {
    const way = unfinished === 'foreign' ? undefined : 'Choose a new or an empty folder, or begin anew with restart'
    refuse(`a folder named ${unfinishedName} that no preparation is known to have made`, way)
  }
  if (hasManifest || unfinished === 'marked') return
  const others = names.filter((name) => name !== unfinishedName)
  // An empty folder is what remains when a set was removed: whatever else is there is not of a set.
  const wasRemoved = names.includes(unfinishedName) && unfinished === 'empty' && !others.some(isOurs)
  const isSet = others.every(isOurs) && (others.some((name) => shardPattern.test(name)) || unfinished === 'unmarked')
  if (others.length === 0 || wasRemoved || (isSet && restart)) return
  refuse(
    `other files (${others.slice(0, 3).join(', ')}${others.length > 3 ? ', …' : ''})`,
    isSet ? 'Choose a new or an empty folder, or remove these and begin anew with restart' : undefined,
  )
}

function isOwnManifest(path: string, owner: string): boolean {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    const reason = (cause as Error).message
    throw new DataError('unreadable-file', `${owner}: ${path} cannot be read: ${reason}. Choose another folder.`, {
      cause,
    })
  }
  return parsed(text)?.format === manifestFormat
}

/** Whether what is named as our folder is: `unmarked` holds only names of ours, without a sign that they are. */
function inspectUnfinished(path: string): 'marked' | 'empty' | 'unmarked' | 'foreign' {
  if (!lstatSync(path).isDirectory()) return 'foreign'
  const names = readdirSync(path)
  if (names.length === 0) return 'empty'
  if (names.includes(markerName)) return 'marked'
  if (names.includes(stateName)) return isOwnState(join(path, stateName)) ? 'marked' : 'foreign'
  return names.every(isUnfinished) ? 'unmarked' : 'foreign'
}

function isOwnState(path: string): boolean {
  const state = lstatSync(path).isFile() ? parsed(readFileSync(path, 'utf8')) : null
  return state !== null && ['made', 'position', 'splits'].every((key) => key in state)
}

function parsed(text: string): Record<string, unknown> | null {
  try {
    const json: unknown = JSON.parse(text)
    return typeof json === 'object' && json !== null ? (json as Record<string, unknown>) : null
  } catch {
    return null
  }
}

/** Makes the folder of what is unfinished, with its marker. */
export function makeUnfinished(folder: string, owner: string): void {
  const unfinished = join(folder, unfinishedName)
  makeFolders(unfinished, owner)
  const marker = join(unfinished, markerName)
  if (existsSync(marker)) return
  try {
    writeFileSync(marker, '')
  } catch (cause) {
    throw writeError(owner, marker, cause)
  }
}

/** Removes all files of a set, but not the folder of what is unfinished. */
export function clearSet(folder: string, owner: string): void {
  makeUnfinished(folder, owner)
  try {
    rmSync(join(folder, 'manifest.json'), { force: true })
    rmSync(join(folder, unfinishedName, stateName), { force: true })
    for (const name of readdirSync(folder)) {
      if (isOurs(name) || isAside(name)) rmSync(join(folder, name), { force: true })
    }
    for (const name of readdirSync(join(folder, unfinishedName))) {
      if (isUnfinished(name)) rmSync(join(folder, unfinishedName, name), { force: true })
    }
  } catch (cause) {
    throw writeError(owner, folder, cause)
  }
}

/** Removes all files of a set, in an order that leaves no set, but a folder of ours, wherever it is broken off. */
export function removeSet(folder: string, owner: string): void {
  clearSet(folder, owner)
  removeUnfinished(folder, owner)
}

/**
 * Removes the folder of what is unfinished, unless something is in it that is not ours. After a power cut the set is
 * complete or unfinished: the names of complete files are on the disk first.
 */
export function removeUnfinished(folder: string, owner: string): void {
  const unfinished = join(folder, unfinishedName)
  if (!existsSync(unfinished)) return
  syncFolder(folder, owner)
  try {
    const names = readdirSync(unfinished)
    for (const name of names) if (isUnfinished(name)) rmSync(join(unfinished, name), { force: true })
    if (names.some((name) => !isUnfinished(name) && name !== markerName)) return
    rmSync(join(unfinished, markerName), { force: true })
    rmdirSync(unfinished)
  } catch (cause) {
    throw writeError(owner, unfinished, cause)
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
      const isUnknown = shardPattern.test(name) && !known.has(name)
      if (isAside(name) || isUnknown) rmSync(join(place, name), { force: true })
    }
  }
}
