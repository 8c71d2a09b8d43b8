import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { checkInteger } from '../../check-integer.js'
import { DataError } from '../../data-error.js'
import type { TokenSource } from '../../batches/token-source.js'
import { littleEndian } from '../little-endian.js'
import { decodeShardHeader, indexOffset, shardByteLength, shardHeaderLength } from '../shard-header.js'
import { parseManifest, splitNames, type ShardEntry, type ShardManifest, type SplitName } from '../shard-manifest.js'
import { lastAtMost, runningSums, tokenFiles } from './token-files.js'

/** Options of {@link openShards}. */
export interface OpenShardsOptions {
  /** Which part of the set. */
  split: SplitName
  /** The vocabulary that is expected; a set made with another one is refused. Default: any. */
  vocabSize?: number
}

/** One part of a prepared set, read from its files where it is asked for. */
export interface ShardSource extends TokenSource {
  /** What the set says about itself. */
  readonly manifest: ShardManifest
  /** Path of the set's tokenizer.json; `readTokenizer` reads it. */
  readonly tokenizerPath: string
  /** Closes the files; nothing can be read afterwards. */
  close(): void
}

/**
 * Opens one part of a set that `prepareShards` wrote. Opening reads the manifest and the 64 bytes at the start of each
 * shard, and compares sizes: it takes milliseconds and kilobytes, whatever the size of the set. `read` is one
 * positioned read for each shard that it touches. Checksums are left to `verifyShards`.
 *
 * @param folder the folder of the set
 * @throws {DataError} `file-not-found` for a folder without a manifest, a split that the set does not have, a shard or
 *   tokenizer.json that is missing; `invalid-shards` for a file of another size or kind; `unsupported-version`;
 *   `vocabulary-mismatch`; `unreadable-file`
 */
export function openShards(folder: string, options: OpenShardsOptions): ShardSource {
  const owner = 'openShards'
  const manifest = readManifest(folder, owner)
  const { split, vocabSize } = options
  if (vocabSize !== undefined && vocabSize !== manifest.vocabSize) {
    throw new DataError(
      'vocabulary-mismatch',
      `${owner}: ${folder} was made with a vocabulary of ${manifest.vocabSize} ids, but ${vocabSize} are expected. ` +
        'Use the tokenizer.json of the set, or prepare it with the other tokenizer.',
    )
  }
  const part = manifest.splits[split]
  if (part === undefined) {
    const known = splitNames.filter((name) => manifest.splits[name] !== undefined).join(', ')
    throw new DataError('file-not-found', `${owner}: ${folder} has no split '${split}'; it has ${known || 'none'}.`)
  }
  const tokenizerPath = join(folder, 'tokenizer.json')
  if (!existsSync(tokenizerPath)) {
    throw new DataError(
      'file-not-found',
      `${owner}: ${tokenizerPath} is missing. Copy it back, or prepare the set again.`,
    )
  }
  const { shards, tokens: tokenCount, documents: documentCount, bytes: byteLength } = part
  const files = shards.map((shard) => {
    expectShard(folder, shard, manifest, owner)
    return { path: join(folder, shard.file), dtype: manifest.dtype, offset: shardHeaderLength, tokens: shard.tokens }
  })
  const { read, readBytes, close } = tokenFiles(files, owner)
  const tokenStarts = runningSums(shards.map(({ tokens }) => tokens))
  const documentStarts = runningSums(shards.map(({ documents }) => documents))
  const indexPages = new Map<string, Float64Array>()
  let last: { shard: number; page: number; starts: Float64Array } = { shard: -1, page: -1, starts: new Float64Array(0) }

  const indexPage = (shard: number, page: number): Float64Array => {
    if (last.shard === shard && last.page === page) return last.starts
    const key = `${shard}:${page}`
    let starts = indexPages.get(key)
    if (starts === undefined) {
      const first = page * startsOfPage
      const bytes = new Uint8Array(8 * Math.min(startsOfPage, shards[shard]!.documents - first))
      readBytes(shard, indexOffset({ ...shards[shard]!, dtype: manifest.dtype }) + 8 * first, bytes)
      starts = Float64Array.from(new BigUint64Array(littleEndian(bytes, 8).buffer), Number)
      if (indexPages.size >= mostPages) indexPages.delete(indexPages.keys().next().value!)
      indexPages.set(key, starts)
    }
    last = { shard, page, starts }
    return starts
  }

  return {
    manifest,
    tokenizerPath,
    tokenCount,
    documentCount,
    byteLength,
    read,
    close,
    documentStart(index) {
      checkInteger(owner, 'index of a document', index, 0, documentCount)
      if (index === documentCount) return tokenCount
      const shard = lastAtMost(documentStarts, index)
      const within = index - documentStarts[shard]!
      return tokenStarts[shard]! + indexPage(shard, Math.floor(within / startsOfPage))[within % startsOfPage]!
    },
  }
}

const startsOfPage = 512
const mostPages = 256

/**
 * Reads and checks the manifest of a set.
 *
 * @param owner the function to name in errors
 */
export function readManifest(folder: string, owner: string): ShardManifest {
  const path = join(folder, 'manifest.json')
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      const isHalfDone = existsSync(join(folder, 'unfinished'))
      const way = isHalfDone
        ? 'its preparation was stopped. Start it again with the same options: it goes on where it was.'
        : 'it is no prepared set. prepareShards and `swat data prepare` make one.'
      throw new DataError('file-not-found', `${owner}: ${folder} has no manifest.json: ${way}`, { cause })
    }
    throw new DataError('unreadable-file', `${owner}: ${path} cannot be read: ${message}`, { cause })
  }
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    const reason = (cause as Error).message
    throw new DataError('invalid-shards', `${owner}: ${path} is not JSON: ${reason}. Prepare the set again.`, { cause })
  }
  return parseManifest(json, owner, path)
}

/** Throws unless a shard is there, has its size and says of itself what the manifest says. */
export function expectShard(folder: string, shard: ShardEntry, manifest: ShardManifest, owner: string): void {
  const path = join(folder, shard.file)
  const { head, size } = readHead(path, owner)
  const header = decodeShardHeader(head, owner, path)
  const refuse = (reason: string): never => {
    throw new DataError('invalid-shards', `${owner}: ${path} ${reason}. Copy it again, or prepare the set again.`)
  }
  if (header.dtype !== manifest.dtype) refuse(`has tokens of ${header.dtype}, the manifest says ${manifest.dtype}`)
  for (const key of ['tokens', 'documents', 'sha256'] as const) {
    if (header[key] !== shard[key]) refuse(`has ${header[key]} for ${key}, the manifest says ${shard[key]}`)
  }
  const expected = shardByteLength(header)
  if (size !== expected) {
    refuse(`has ${size} bytes, but ${header.tokens} tokens and ${header.documents} documents make ${expected}`)
  }
}

function readHead(path: string, owner: string): { head: Uint8Array; size: number } {
  try {
    const descriptor = openSync(path, 'r')
    try {
      const head = new Uint8Array(shardHeaderLength)
      const count = readSync(descriptor, head, 0, head.length, 0)
      return { head: head.subarray(0, count), size: fstatSync(descriptor).size }
    } finally {
      closeSync(descriptor)
    }
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT') {
      const message = `${owner}: the shard ${path} is missing. Copy it again, or prepare the set again.`
      throw new DataError('file-not-found', message, { cause })
    }
    throw new DataError('unreadable-file', `${owner}: ${path} cannot be read: ${message}`, { cause })
  }
}
