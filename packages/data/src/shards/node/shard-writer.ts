import { createHash, type Hash } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { join } from 'node:path'
import { DataError } from '../../data-error.js'
import { littleEndian } from '../little-endian.js'
import { bytesOfToken, encodeShardHeader, indexOffset, shardHeaderLength, type TokenDtype } from '../shard-header.js'
import { shardFileName, type ShardEntry, type SplitName } from '../shard-manifest.js'
import { missingPart } from './missing-part.js'
import { writeAll } from './write-whole.js'
import { writeError } from './write-error.js'

/** How far a split has come, as plain JSON. */
export interface SplitProgress {
  /** Shards that are complete. */
  finished: ShardEntry[]
  /** What the shard has that is being written. */
  open: { tokens: number; documents: number; bytes: number }
}

/** Writes the shards of one split. */
export interface ShardWriter {
  /** Adds a document at the end; a shard that has its tokens then is closed, and the next one begun. */
  append(tokens: Int32Array, bytes: number): void
  /** Brings all that was added to the disk and says what there is. */
  sync(): SplitProgress
  /** Closes the shard that is being written, if it has a document. */
  seal(): void
  /** Moves complete shards to their place. Only what the last progress that was saved calls finished may be moved. */
  publish(): void
  /** Closes the files, wherever they are. */
  close(): void
}

/** What a {@link ShardWriter} writes, and where. */
export interface ShardWriterOptions {
  /** Where complete shards go. */
  folder: string
  /** Where they are while they are written. */
  unfinished: string
  split: SplitName
  dtype: TokenDtype
  /** A shard is closed with the document that brings it to so many tokens. */
  shardTokens: number
  owner: string
}

interface OpenShard {
  path: string
  descriptor: number
  starts: number // descriptor of the document starts so far
  hash: Hash
  tokens: number
  documents: number
  bytes: number
}

const bufferLength = 1 << 20
const noProgress: SplitProgress = { finished: [], open: { tokens: 0, documents: 0, bytes: 0 } }

/**
 * Opens the writer of a split. A shard that was being written is cut back to what `progress` says of it, so that
 * nothing of what came later remains.
 *
 * @param progress what a writer's `sync` gave and was saved; left out for a new split
 */
export function openShardWriter(options: ShardWriterOptions, progress: SplitProgress = noProgress): ShardWriter {
  const { folder, unfinished, split, dtype, shardTokens, owner } = options
  const width = bytesOfToken(dtype)
  const finished = [...progress.finished]
  const isPublished = ({ file }: ShardEntry): boolean => existsSync(join(folder, file))
  let published = finished.filter(isPublished).length
  let current: OpenShard | null = null
  let buffered = 0 // bytes of tokens
  const buffer = new Uint8Array(bufferLength)
  const ids = width === 2 ? new Uint16Array(buffer.buffer) : new Uint32Array(buffer.buffer)
  let newStarts: number[] = []

  const refusing = <Result>(path: string, work: () => Result): Result => {
    try {
      return work()
    } catch (cause) {
      throw writeError(owner, path, cause)
    }
  }
  const begin = (resumed = noProgress.open): OpenShard => {
    const path = join(unfinished, shardFileName(split, finished.length))
    const exists = resumed.documents > 0
    return refusing(path, () => {
      const opened: number[] = []
      const open = (file: string): number => {
        const descriptor = openSync(file, exists ? 'r+' : 'w+')
        opened.push(descriptor)
        return descriptor
      }
      try {
        const [descriptor, starts] = [open(path), open(startsPath(path))]
        cutTo(descriptor, shardHeaderLength + resumed.tokens * width, exists)
        cutTo(starts, 8 * resumed.documents, exists)
        const hash = createHash('sha256')
        hashFile(hash, descriptor, shardHeaderLength)
        return { path, descriptor, starts, hash, ...resumed }
      } catch (cause) {
        for (const descriptor of opened) closeSync(descriptor)
        const { code, path: missing = path } = cause as NodeJS.ErrnoException
        throw exists && code === 'ENOENT' ? missingPart(owner, missing, cause) : cause
      }
    })
  }
  const cutTo = (descriptor: number, length: number, exists: boolean): void => {
    if (exists && fstatSync(descriptor).size < length) {
      throw new DataError(
        'invalid-shards',
        `${owner}: the half-written shards in ${unfinished} are shorter than was noted. Begin anew with restart.`,
      )
    }
    ftruncateSync(descriptor, length)
  }
  /** Writes what is buffered: tokens behind those in the file, starts behind those in theirs. */
  const flush = (shard: OpenShard): void => {
    const bytes = littleEndian(buffer.subarray(0, buffered), width)
    const starts = startBytes(newStarts)
    refusing(shard.path, () => {
      writeAll(shard.descriptor, bytes, shardHeaderLength + shard.tokens * width - buffered)
      writeAll(shard.starts, starts, 8 * (shard.documents - newStarts.length))
    })
    shard.hash.update(bytes)
    buffered = 0
    newStarts = []
  }
  const seal = (): void => {
    if (current === null) return
    const shard = current
    flush(shard)
    refusing(shard.path, () => {
      const index = indexOffset({ dtype, tokens: shard.tokens })
      const padding = index - shardHeaderLength - shard.tokens * width
      const tail = new Uint8Array(padding + 8 * shard.documents)
      readAll(shard.starts, tail.subarray(padding), 0)
      shard.hash.update(tail)
      const sha256 = shard.hash.digest('hex')
      const { tokens, documents, bytes } = shard
      writeAll(shard.descriptor, tail, index - padding)
      writeAll(shard.descriptor, encodeShardHeader({ dtype, tokens, documents, sha256 }), 0)
      fsyncSync(shard.descriptor)
      closeSync(shard.descriptor)
      closeSync(shard.starts)
      finished.push({ file: shardFileName(split, finished.length), tokens, documents, bytes, sha256 })
    })
    current = null
  }

  for (const shard of finished) {
    const path = join(unfinished, shard.file)
    if (!isPublished(shard) && !existsSync(path)) throw missingPart(owner, path)
  }
  if (progress.open.documents > 0) current = begin(progress.open)
  return {
    append(tokens, bytes) {
      const shard = (current ??= begin())
      newStarts.push(shard.tokens)
      shard.documents++
      shard.bytes += bytes
      for (let done = 0; done < tokens.length;) {
        const count = Math.min(tokens.length - done, (bufferLength - buffered) / width)
        ids.set(tokens.subarray(done, done + count), buffered / width)
        buffered += count * width
        shard.tokens += count
        done += count
        if (buffered === bufferLength) flush(shard)
      }
      if (shard.tokens >= shardTokens) seal()
    },
    sync() {
      const shard = current
      if (shard === null) return { finished: [...finished], open: noProgress.open }
      flush(shard)
      refusing(shard.path, () => {
        fsyncSync(shard.descriptor)
        fsyncSync(shard.starts)
      })
      const { tokens, documents, bytes } = shard
      return { finished: [...finished], open: { tokens, documents, bytes } }
    },
    seal,
    publish() {
      for (; published < finished.length; published++) {
        const { file } = finished[published]!
        const path = join(unfinished, file)
        refusing(path, () => {
          renameSync(path, join(folder, file))
          rmSync(startsPath(path), { force: true })
        })
      }
    },
    close() {
      if (current === null) return
      closeSync(current.descriptor)
      closeSync(current.starts)
      current = null
    },
  }
}

function startsPath(path: string): string {
  return path.replace(/\.tokens$/, '.starts')
}

function startBytes(starts: readonly number[]): Uint8Array {
  return littleEndian(new Uint8Array(BigUint64Array.from(starts, BigInt).buffer), 8)
}

function hashFile(hash: Hash, descriptor: number, start: number): void {
  const part = new Uint8Array(bufferLength)
  for (let position = start; ;) {
    const count = readSync(descriptor, part, 0, part.length, position)
    if (count === 0) return
    hash.update(part.subarray(0, count))
    position += count
  }
}

function readAll(descriptor: number, target: Uint8Array, position: number): void {
  for (let done = 0; done < target.length;) {
    const count = readSync(descriptor, target, done, target.length - done, position + done)
    if (count === 0) throw new DataError('unreadable-file', 'prepareShards: the document starts were cut short.')
    done += count
  }
}
