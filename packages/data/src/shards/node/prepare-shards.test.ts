import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TokenSource } from '../../batches/token-source.js'
import { splitDocuments } from '../../text/split-documents.js'
import { readDocuments } from '../../text/node/read-documents.js'
import { packDocuments } from '../../tokens/pack-documents.js'
import { trainBpe } from '../../tokens/train-bpe.js'
import { readTokenizer, saveTokenizer } from '../../tokens/node/tokenizer-file.js'
import { splitByShares } from '../split-by-shares.js'
import { openShards } from './open-shards.js'
import type { PrepareOptions } from './prepare-options.js'
import { prepareShards } from './prepare-shards.js'
import { verifyShards } from './verify-shards.js'

let root = ''
let made = 0
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'swat-shards-'))
})
afterAll(() => rm(root, { recursive: true }))

const words = ['the', ' whale', ' swims', ' sea', ' wide', ' ü', ' 🐋', '.\n', ' and', ' a', ' ship', ' sails']
const textOf = (seed: number, length: number): string =>
  Array.from({ length }, (_, i) => words[(seed * 31 + i * i * 7 + i * seed) % words.length]).join('')
const texts = Array.from({ length: 57 }, (_, i) => textOf(i, 1 + ((i * 37) % 90)))

async function jsonLines(lines: readonly string[]): Promise<string> {
  const path = join(root, `input-${made++}.jsonl`)
  await writeFile(path, lines.map((text) => `${JSON.stringify({ text })}\n`).join(''))
  return path
}
const newFolder = (): string => join(root, `set-${made++}`)

function allTokens(source: TokenSource): number[] {
  const tokens = new Int32Array(source.tokenCount)
  source.read(0, tokens)
  return [...tokens]
}
const allStarts = ({ documentCount, documentStart }: TokenSource): number[] =>
  Array.from({ length: documentCount }, (_, index) => documentStart(index))

/** SHA-256 of every file of a set by its name. */
async function bytesOf(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder)).sort()
  const digest = async (name: string) =>
    createHash('sha256')
      .update(await readFile(join(folder, name)))
      .digest('hex')
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await digest(name)] as const)))
}

const plain = { tokenizer: { type: 'byte' }, workers: 0 } as const satisfies Partial<PrepareOptions>

describe('what is written', () => {
  test('the tokens, starts and bytes of packDocuments, over many shards', async () => {
    const path = await jsonLines(texts)
    const folder = newFolder()
    const tokenizer = { type: 'bpe', vocabSize: 280 } as const
    const { manifest, outcome } = await prepareShards({
      folder,
      source: { path },
      tokenizer,
      shardTokens: 200,
      workers: 0,
    })
    const trained = trainBpe(texts, { vocabSize: 280, specialTokens: ['<|endoftext|>'] })
    const packed = packDocuments(await readDocuments({ path }), trained, {
      endOfDocument: trained.specialTokens.get('<|endoftext|>')!,
    })
    expect(outcome).toBe('new')
    expect(await readFile(join(folder, 'tokenizer.json'), 'utf8')).toBe(
      `${JSON.stringify(trained.toJSON(), null, 2)}\n`,
    )
    const source = openShards(folder, { split: 'train', vocabSize: trained.vocabSize })
    expect(allTokens(source)).toEqual([...packed.tokens])
    expect(allStarts(source)).toEqual([...packed.documentStarts])
    expect(source.documentStart(57)).toBe(packed.tokens.length)
    expect([source.documentCount, source.byteLength]).toEqual([57, packed.byteLength])
    source.close()
    const shards = manifest.splits.train!.shards
    expect(shards.length).toBeGreaterThan(5)
    for (const { tokens } of shards.slice(0, -1)) expect(tokens).toBeGreaterThanOrEqual(200)
    expect(await verifyShards(folder)).toEqual(manifest)
    expect(await readdir(folder)).toEqual(['manifest.json', 'tokenizer.json', ...shards.map(({ file }) => file)])
  })
})
