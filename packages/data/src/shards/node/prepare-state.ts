import { closeSync, existsSync, fsyncSync, ftruncateSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { DataError } from '../../data-error.js'
import { type DigestTable } from '../digest-table.js'
import type { ManifestProvenance, SplitName } from '../shard-manifest.js'
import { missingPart } from './missing-part.js'
import type { SelectionPosition } from './select-documents.js'
import { stateName } from './set-folder.js'
import type { SplitProgress } from './shard-writer.js'
import { writeAll, writeWhole } from './write-whole.js'
import { writeError } from './write-error.js'

/** How far a preparation has come: state.json in the folder of what is unfinished. */
export interface PrepareState {
  /** What is made of what, as the manifest will say. */
  made: Pick<ManifestProvenance, 'inputs' | 'options' | 'versions'>
  /** SHA-256 of tokenizer.json; null before there is one. */
  tokenizer: string | null
  /** The place after the last document that is written. */
  position: SelectionPosition
  /** How many digests are noted. */
  digests: number
  /** How far each split is. */
  splits: Partial<Record<SplitName, SplitProgress>>
}

/** Reads state.json; null if there is none. */
export function readState(unfinished: string, owner: string): PrepareState | null {
  const path = join(unfinished, stateName)
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as PrepareState
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null
    const reason = (cause as Error).message
    throw new DataError('unreadable-file', `${owner}: ${path} cannot be read: ${reason}. Begin anew with restart.`, {
      cause,
    })
  }
}

/** Writes state.json, whole or not at all. */
export function writeState(unfinished: string, state: PrepareState, owner: string): void {
  writeWhole(join(unfinished, stateName), `${JSON.stringify(state)}\n`, owner)
}

/** The digests of all texts that are written, on disk. */
export interface DigestFile {
  add(digest: Uint8Array): void
  /** Brings them to the disk; returns how many there are. */
  sync(): number
  close(): void
}

const digestLength = 16

/**
 * Opens the file of digests, cut back to those that were noted.
 *
 * @param noted how many that are
 * @param met a table that gets them
 */
export function openDigestFile(unfinished: string, noted: number, met: DigestTable, owner: string): DigestFile {
  const path = join(unfinished, 'digests')
  const refusing = <Result>(work: () => Result): Result => {
    try {
      return work()
    } catch (cause) {
      throw writeError(owner, path, cause)
    }
  }
  let count = noted
  let added: Uint8Array[] = []
  const descriptor = refusing(() => {
    if (noted > 0 && !existsSync(path)) throw missingPart(owner, path)
    const file = openSync(path, noted > 0 ? 'r+' : 'w+')
    try {
      if (fstatSync(file).size < noted * digestLength) {
        throw new DataError('invalid-shards', `${owner}: ${path} is shorter than was noted. Begin anew with restart.`)
      }
      ftruncateSync(file, noted * digestLength)
      const part = new Uint8Array(4096 * digestLength)
      for (let position = 0; position < noted * digestLength;) {
        const length = readSync(file, part, 0, part.length, position)
        for (let at = 0; at < length; at += digestLength) met.add(part.subarray(at, at + digestLength))
        position += length
      }
      return file
    } catch (error) {
      closeSync(file)
      throw error
    }
  })
  return {
    add: (digest) => void added.push(digest),
    sync() {
      refusing(() => {
        writeAll(descriptor, Buffer.concat(added), count * digestLength)
        fsyncSync(descriptor)
      })
      count += added.length
      added = []
      return count
    },
    close: () => closeSync(descriptor),
  }
}
