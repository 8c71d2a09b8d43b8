import { createHash } from 'node:crypto'
import { createReadStream, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DataError } from '../../data-error.js'
import { bytesOfToken, indexOffset, shardHeaderLength } from '../shard-header.js'
import { splitNames, type ShardEntry, type ShardManifest } from '../shard-manifest.js'
import { expectShard, readManifest } from './open-shards.js'

/** Options of {@link verifyShards}. */
export interface VerifyShardsOptions {
  /** Called now and then with the bytes that were read and those there are. */
  onProgress?: (done: number, total: number) => void
}

/**
 * Reads a whole set and compares every checksum, every id with the vocabulary, and every document start with its
 * neighbours.
 *
 * @param folder the folder of the set
 * @returns its manifest
 * @throws {DataError} what `openShards` throws; `checksum-mismatch` for bytes that are not those that were written;
 *   `invalid-shards` for an id outside the vocabulary or document starts that do not rise
 */
export async function verifyShards(folder: string, options: VerifyShardsOptions = {}): Promise<ShardManifest> {
  const owner = 'verifyShards'
  const manifest = readManifest(folder, owner)
  const shards = splitNames.flatMap((split) => manifest.splits[split]?.shards ?? [])
  for (const shard of shards) expectShard(folder, shard, manifest, owner)
  const tokenizer = join(folder, 'tokenizer.json')
  const found = createHash('sha256').update(readWhole(tokenizer, owner)).digest('hex')
  if (found !== manifest.provenance.tokenizer) throw mismatch(owner, tokenizer, found, manifest.provenance.tokenizer)

  const total = shards.reduce((sum, shard) => sum + bodyLength(shard, manifest), 0)
  let done = 0
  for (const shard of shards) {
    await verifyShard(folder, shard, manifest, (bytes) => options.onProgress?.((done += bytes), total))
  }
  return manifest
}

function bodyLength(shard: ShardEntry, { dtype }: ShardManifest): number {
  return indexOffset({ ...shard, dtype }) + 8 * shard.documents - shardHeaderLength
}

async function verifyShard(
  folder: string,
  shard: ShardEntry,
  manifest: ShardManifest,
  onRead: (bytes: number) => void,
): Promise<void> {
  const owner = 'verifyShards'
  const path = join(folder, shard.file)
  const width = bytesOfToken(manifest.dtype)
  const tokensEnd = shard.tokens * width
  const index = indexOffset({ ...shard, dtype: manifest.dtype }) - shardHeaderLength
  const hash = createHash('sha256')
  let badToken: string | null = null
  let badStart: string | null = null
  let previous = -1
  let position = 0
  let rest = new Uint8Array(0) // bytes that are not yet a whole number
  const check = (bytes: Uint8Array): void => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    let at = 0
    for (; at + width <= bytes.length && position + at < tokensEnd; at += width) {
      const id = width === 2 ? view.getUint16(at, true) : view.getUint32(at, true)
      if (id >= manifest.vocabSize) badToken ??= `token ${(position + at) / width} is ${id}`
    }
    if (position + at >= tokensEnd && position + at < index) at = Math.min(index - position, bytes.length)
    for (; position + at >= index && at + 8 <= bytes.length; at += 8) {
      const start = Number(view.getBigUint64(at, true))
      const number = (position + at - index) / 8
      const rises = number === 0 ? start === 0 : start >= previous && start <= shard.tokens
      if (!rises) badStart ??= `document ${number} begins at token ${start}`
      previous = start
    }
    position += at
    rest = bytes.slice(at)
  }
  try {
    for await (const chunk of createReadStream(path, { start: shardHeaderLength, highWaterMark: 1 << 20 })) {
      const bytes = chunk as Uint8Array
      hash.update(bytes)
      check(rest.length === 0 ? bytes : concatenate(rest, bytes))
      onRead(bytes.length)
    }
  } catch (cause) {
    throw new DataError('unreadable-file', `${owner}: ${path} cannot be read: ${(cause as Error).message}`, { cause })
  }
  const found = hash.digest('hex')
  if (found !== shard.sha256) throw mismatch(owner, path, found, shard.sha256)
  const wrong = badToken === null ? badStart : `${badToken}, but the vocabulary has ${manifest.vocabSize} ids`
  if (wrong !== null) {
    throw new DataError('invalid-shards', `${owner}: ${path}: ${wrong}. Prepare the set again.`)
  }
}

function concatenate(one: Uint8Array, other: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(one.length + other.length)
  both.set(one)
  both.set(other, one.length)
  return both
}

function readWhole(path: string, owner: string): Uint8Array {
  try {
    return readFileSync(path)
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    const missing = code === 'ENOENT'
    const reason = missing ? 'is missing. Copy it back, or prepare the set again.' : `cannot be read: ${message}`
    throw new DataError(missing ? 'file-not-found' : 'unreadable-file', `${owner}: ${path} ${reason}`, { cause })
  }
}

function mismatch(owner: string, path: string, found: string, expected: string): DataError {
  return new DataError(
    'checksum-mismatch',
    `${owner}: ${path} was changed since it was written: its SHA-256 is ${found.slice(0, 16)}…, ` +
      `the manifest says ${expected.slice(0, 16)}…. Copy it again, or prepare the set again.`,
  )
}
