import {
  copyFileSync,
  ftruncateSync,
  openSync,
  closeSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encodeShardHeader, shardByteLength } from '../shard-header.js'
import type { ShardManifest } from '../shard-manifest.js'
import { openShards } from './open-shards.js'
import { prepareShards } from './prepare-shards.js'
import { verifyShards } from './verify-shards.js'

let root = ''
let whole = ''
let copies = 0
const texts = Array.from({ length: 1500 }, (_, i) => `${'abcdefgh'.slice(0, 1 + (i % 8))}${i}`)
const encoded = texts.map((text) => [...Buffer.from(text), 256])
const tokens = encoded.flat()

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'swat-open-'))
  whole = join(root, 'whole')
  const path = join(root, 'texts.jsonl')
  await writeFile(path, texts.map((text) => `${JSON.stringify({ text })}\n`).join(''))
  const options = { tokenizer: { type: 'byte' }, shardTokens: 3000, workers: 0 } as const
  await prepareShards({ folder: whole, source: { path }, ...options })
})
afterAll(() => rm(root, { recursive: true }))

test('any range, over the borders of shards', () => {
  const source = openShards(whole, { split: 'train' })
  expect(source.manifest.splits.train!.shards.length).toBeGreaterThan(3)
  expect(source.tokenCount).toBe(tokens.length)
  const range = fc.tuple(fc.nat(tokens.length), fc.nat(5000))
  fc.assert(
    fc.property(range, ([start, wish]) => {
      const target = new Int32Array(Math.min(wish, tokens.length - start))
      source.read(start, target)
      expect([...target]).toEqual(tokens.slice(start, start + target.length))
    }),
  )
  source.close()
})

test('document starts in any order, over more pages than one', () => {
  const source = openShards(whole, { split: 'train' })
  const starts = encoded.reduce((sums, ids) => [...sums, sums.at(-1)! + ids.length], [0])
  const order = starts.map((_, index) => (index * 7919) % starts.length)
  for (const index of order) expect(source.documentStart(index)).toBe(starts[index])
  for (const index of [-1, 1501, 0.5]) {
    expect(() => source.documentStart(index)).toThrow('index of a document must be a whole number from 0 to 1500')
  }
  source.close()
})

test('nothing is read after close, and a range that is not there is refused', () => {
  const source = openShards(whole, { split: 'train' })
  const last = new Int32Array(2)
  expect(() => source.read(source.tokenCount - 1, last)).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  source.close()
  expect(() => source.read(0, last)).toThrow('was closed')
})

test('a set of 10 GB opens without being read', async () => {
  const folder = join(root, 'sparse')
  await mkdir(folder)
  const shard = { tokens: 100_000_000, documents: 100_000, bytes: 400_000_000, sha256: '0'.repeat(64) }
  const shards = Array.from({ length: 50 }, (_, i) => ({
    file: `train-${String(i).padStart(5, '0')}.tokens`,
    ...shard,
  }))
  for (const { file } of shards) {
    const descriptor = openSync(join(folder, file), 'w')
    const header = { dtype: 'uint16', ...shard } as const
    writeSync(descriptor, encodeShardHeader(header))
    ftruncateSync(descriptor, shardByteLength(header))
    closeSync(descriptor)
  }
  const manifest = JSON.parse(readFileSync(join(whole, 'manifest.json'), 'utf8')) as ShardManifest
  const train = { tokens: 5_000_000_000, documents: 5_000_000, bytes: 20_000_000_000, shards }
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify({ ...manifest, splits: { train } }))
  copyFileSync(join(whole, 'tokenizer.json'), join(folder, 'tokenizer.json'))

  const before = process.memoryUsage()
  const source = openShards(folder, { split: 'train' })
  const after = process.memoryUsage()
  expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(200_000)
  expect(after.heapUsed - before.heapUsed).toBeLessThan(10_000_000)
  expect(source.tokenCount).toBe(5_000_000_000)
  const target = new Int32Array(4097).fill(-1)
  source.read(4_999_990_000, target)
  source.read(399_999_000, target)
  expect(target.every((id) => id === 0)).toBe(true)
  expect(source.documentStart(4_999_999)).toBe(4_900_000_000)
  source.close()
})

/** A copy of the set, to be damaged. */
async function damaged(damage: (folder: string, manifest: ShardManifest) => void): Promise<string> {
  const folder = join(root, `copy-${copies++}`)
  await cp(whole, folder, { recursive: true })
  const path = join(folder, 'manifest.json')
  const manifest = JSON.parse(readFileSync(path, 'utf8')) as ShardManifest
  const before = JSON.stringify(manifest)
  damage(folder, manifest)
  if (JSON.stringify(manifest) !== before) writeFileSync(path, JSON.stringify(manifest))
  return folder
}
const second = (folder: string): string => join(folder, 'train-00001.tokens')
/** Writes bytes into a file. */
function patch(path: string, position: number, bytes: readonly number[]): void {
  const descriptor = openSync(path, 'r+')
  writeSync(descriptor, Uint8Array.from(bytes), 0, bytes.length, position)
  closeSync(descriptor)
}

type Damage = [what: string, damage: (folder: string, manifest: ShardManifest) => void, code: string, reason: string]

const seenAtOnce: Damage[] = [
  [
    'no manifest',
    (folder) => rmSync(join(folder, 'manifest.json')),
    'file-not-found',
    'has no manifest.json: it is no prepared set',
  ],
  [
    'a manifest that is not JSON',
    (folder) => truncateSync(join(folder, 'manifest.json'), 100),
    'invalid-shards',
    'manifest.json is not JSON',
  ],
  [
    'another format',
    (_, manifest) => Object.assign(manifest, { format: 'tokens' }),
    'invalid-shards',
    'format must be "swat-token-shards", got "tokens"',
  ],
  [
    'a newer manifest',
    (_, manifest) => (manifest.version = 2),
    'unsupported-version',
    'version 2 of the format, and this package reads version 1. Install a newer',
  ],
  [
    'a vocabulary that is no number',
    (_, manifest) => Object.assign(manifest, { vocabSize: '257' }),
    'invalid-shards',
    'vocabSize must be a whole number',
  ],
  [
    'a type that does not fit the vocabulary',
    (_, manifest) => (manifest.vocabSize = 70_000),
    'invalid-shards',
    'dtype of 70000 ids must be "uint32", got "uint16"',
  ],
  [
    'a path for a file name',
    (_, manifest) => (manifest.splits.train!.shards[1]!.file = '../train-00001.tokens'),
    'invalid-shards',
    'shards[1].file must be "train-00001.tokens"',
  ],
  ['a sum that is none', (_, manifest) => (manifest.splits.train!.tokens += 1), 'invalid-shards', 'its shards have'],
  [
    'a checksum that is none',
    (_, manifest) => (manifest.splits.train!.shards[0]!.sha256 = 'abc'),
    'invalid-shards',
    'sha256 must be 64 hexadecimal digits',
  ],
  [
    'an end outside the vocabulary',
    (_, manifest) => (manifest.endOfDocument!.id = 257),
    'invalid-shards',
    'an id below 257',
  ],
  [
    'another split',
    (_, manifest) => Object.assign(manifest.splits, { valid: manifest.splits.train }),
    'invalid-shards',
    'there is no split "valid"',
  ],
  ['a missing shard', (folder) => rmSync(second(folder)), 'file-not-found', 'the shard'],
  [
    'a shard that is cut short',
    (folder) => truncateSync(second(folder), 3000),
    'invalid-shards',
    'has 3000 bytes, but',
  ],
  [
    'a shard that is longer',
    (folder) => patch(second(folder), 100_000, [1]),
    'invalid-shards',
    'has 100001 bytes, but',
  ],
  [
    'a shard without a header',
    (folder) => truncateSync(second(folder), 10),
    'invalid-shards',
    'is cut short: 10 bytes',
  ],
  ['an empty shard', (folder) => truncateSync(second(folder), 0), 'invalid-shards', 'begins with ""'],
  [
    'wrong magic',
    (folder) => patch(second(folder), 0, [0x50, 0x4b]),
    'invalid-shards',
    'begins with "PKATTOKS", not "SWATTOKS"',
  ],
  ['a newer shard', (folder) => patch(second(folder), 8, [2]), 'unsupported-version', 'version 2'],
  ['an older shard', (folder) => patch(second(folder), 8, [0]), 'invalid-shards', 'version 0'],
  ['tokens of 3 bytes', (folder) => patch(second(folder), 12, [3]), 'invalid-shards', 'tokens of 3 bytes'],
  [
    'tokens of another type',
    (folder) => patch(second(folder), 12, [4]),
    'invalid-shards',
    'has tokens of uint32, the manifest says uint16',
  ],
  [
    'counts of another shard',
    (folder) => copyFileSync(join(folder, 'train-00000.tokens'), second(folder)),
    'invalid-shards',
    'the manifest says',
  ],
  ['counts beyond all files', (folder) => patch(second(folder), 23, [0xff]), 'invalid-shards', 'counts above 2^53'],
  ['no tokenizer', (folder) => rmSync(join(folder, 'tokenizer.json')), 'file-not-found', 'tokenizer.json is missing'],
]

const seenByReading: Damage[] = [
  [
    'a token that was changed',
    (folder) => patch(second(folder), 64, [7]),
    'checksum-mismatch',
    'train-00001.tokens was changed',
  ],
  [
    'a start that was changed',
    (folder, { splits }) =>
      patch(second(folder), shardByteLength({ dtype: 'uint16', ...splits.train!.shards[1]! }) - 1, [7]),
    'checksum-mismatch',
    'train-00001.tokens was changed',
  ],
  [
    'a tokenizer that was changed',
    (folder) => patch(join(folder, 'tokenizer.json'), 1, [0x20]),
    'checksum-mismatch',
    'tokenizer.json was changed',
  ],
]

describe('a damaged set is refused', () => {
  test.each(seenAtOnce)('by openShards and verifyShards: %s', async (_, damage, code, reason) => {
    const folder = await damaged(damage)
    const refusal = expect.objectContaining({ code, message: expect.stringContaining(reason) })
    expect(() => openShards(folder, { split: 'train' })).toThrow(refusal)
    await expect(verifyShards(folder)).rejects.toMatchObject({ code: code })
  })

  test.each(seenByReading)('by verifyShards: %s', async (_, damage, code, reason) => {
    const folder = await damaged(damage)
    openShards(folder, { split: 'train' }).close()
    await expect(verifyShards(folder)).rejects.toMatchObject({ code, message: expect.stringContaining(reason) })
  })

  test('a token outside the vocabulary, a start that falls: by verifyShards, though checksums fit', async () => {
    const { createHash } = await import('node:crypto')
    const reseal = (change: (body: DataView, tokens: number) => void) =>
      damaged((folder, manifest) => {
        const bytes = readFileSync(second(folder))
        const shard = manifest.splits.train!.shards[1]!
        change(new DataView(bytes.buffer, bytes.byteOffset + 64), shard.tokens)
        shard.sha256 = createHash('sha256').update(bytes.subarray(64)).digest('hex')
        writeFileSync(second(folder), bytes)
        patch(second(folder), 32, [...Buffer.from(shard.sha256, 'hex')])
      })
    const token = await reseal((body) => body.setUint16(2 * 11, 257, true))
    await expect(verifyShards(token)).rejects.toThrow('token 11 is 257, but the vocabulary has 257 ids')
    const start = await reseal((body, count) => body.setBigUint64(Math.ceil((2 * count) / 8) * 8 + 8 * 5, 3n, true))
    await expect(verifyShards(start)).rejects.toThrow('document 5 begins at token 3')
  })

  test('a file that shrinks while it is open', async () => {
    const folder = await damaged(() => {})
    const source = openShards(folder, { split: 'train' })
    source.read(0, new Int32Array(10))
    truncateSync(join(folder, 'train-00000.tokens'), 100)
    expect(() => source.read(0, new Int32Array(100))).toThrow('ends at byte 100, but was longer')
    source.close()
  })
})

test('a split that is not there, and another vocabulary', () => {
  expect(() => openShards(whole, { split: 'test' })).toThrow("has no split 'test'; it has train.")
  expect(() => openShards(whole, { split: 'train', vocabSize: 50257 })).toThrow(
    expect.objectContaining({ code: 'vocabulary-mismatch', message: expect.stringContaining('257 ids, but 50257') }),
  )
})
