import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readlinkSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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
import type { PrepareState } from './prepare-state.js'
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

  test.each([1, 2, 3])('the same bytes with %i workers', async (workers) => {
    const path = await jsonLines(Array.from({ length: 40 }, (_, i) => textOf(i, 4000 + 500 * (i % 9))))
    const options: Omit<PrepareOptions, 'folder'> = {
      source: { path },
      tokenizer: { type: 'bpe', vocabSize: 300, sampleShare: 0.2 },
      split: { by: 'document', shares: [8, 1, 1] },
      deduplicate: true,
      shardTokens: 20_000,
    }
    const [one, other] = [newFolder(), newFolder()]
    const seen: number[] = []
    await prepareShards({ ...options, folder: one, workers: 0 })
    await prepareShards({
      ...options,
      folder: other,
      workers,
      onProgress: (progress) => progress.stage === 'shards' && seen.push(progress.documents),
    })
    expect(await bytesOf(other)).toEqual(await bytesOf(one))
    expect(seen.at(-1)).toBe(36) // texts of four of nine lengths are there twice: i and i + 36
    expect(seen).toEqual([...seen].sort((a, b) => a - b))
  })

  test('32 bits for a large vocabulary, and no end of documents', async () => {
    const file = join(root, 'large.json')
    const { model, ...json } = trainBpe(['a'], { vocabSize: 256 }).toJSON()
    const letters = Object.keys(model.vocab)
    const pairs = letters.flatMap((left) => letters.map((right) => ({ left, right })))
    const vocab = Object.fromEntries(
      [...letters, ...pairs.map(({ left, right }) => left + right)].map((token, id) => [token, id]),
    )
    const merges = pairs.map(({ left, right }) => `${left} ${right}`)
    await writeFile(file, JSON.stringify({ ...json, model: { ...model, vocab, merges } }))
    const last = '\u{1fb50}' // of its bytes f0 9f ad 90 the first two merge first, and ad stands last in the alphabet
    const path = await jsonLines([`a${last}b`, 'b'])
    const folder = newFolder()
    const { manifest } = await prepareShards({
      ...plain,
      folder,
      source: { path },
      tokenizer: { file },
      endOfDocument: null,
    })
    const tokenizer = await readTokenizer(file)
    const source = openShards(folder, { split: 'train' })
    expect([manifest.dtype, manifest.endOfDocument]).toEqual(['uint32', null])
    expect(allTokens(source)).toEqual([...tokenizer.encode(`a${last}b`), ...tokenizer.encode('b')])
    expect(Math.max(...allTokens(source))).toBeGreaterThan(65_535)
    expect(manifest.vocabSize).toBe(256 + 65_536)
    expect((await readFile(join(folder, 'tokenizer.json'))).equals(await readFile(file))).toBe(true)
    await verifyShards(folder)
  })

  test('provenance: inputs, options, versions; no date, no path of the tokenizer', async () => {
    const path = await jsonLines(['one', '', 'two', 'one'])
    const folder = newFolder()
    const { manifest } = await prepareShards({
      ...plain,
      folder,
      source: { path, textField: 'text' },
      deduplicate: true,
    })
    expect(manifest.provenance).toEqual({
      inputs: [{ name: path, split: null, bytes: 57 }],
      options: {
        source: { textField: 'text' },
        tokenizer: { type: 'byte' },
        endOfDocument: '<|endoftext|>',
        split: null,
        seed: 0,
        deduplicate: true,
        shardTokens: 100_000_000,
      },
      versions: { format: '1', '@swat-js/data': expect.any(String), unicode: process.versions.unicode },
      tokenizer: createHash('sha256')
        .update(await readFile(join(folder, 'tokenizer.json')))
        .digest('hex'),
      skipped: { empty: 1, duplicates: 1 },
    })
    expect(allTokens(openShards(folder, { split: 'train' }))).toEqual([
      ...Buffer.from('one'),
      256,
      ...Buffer.from('two'),
      256,
    ])
  })
})

describe('splits', () => {
  test('8 : 1 : 1 of every 10 documents, in order, as splitByShares says', async () => {
    const lines = Array.from({ length: 100 }, (_, i) => `${i};`)
    const folder = newFolder()
    const split = { by: 'document', shares: [8, 1, 1] } as const
    const { manifest } = await prepareShards({
      ...plain,
      folder,
      source: { path: await jsonLines(lines) },
      split,
      seed: 5,
    })
    const splitOf = splitByShares([8, 1, 1], 5)
    for (const [name, count] of [
      ['train', 80],
      ['validation', 10],
      ['test', 10],
    ] as const) {
      expect(manifest.splits[name]!.documents).toBe(count)
      const expected = lines
        .filter((_, index) => splitOf(index) === name)
        .flatMap((text) => [...Buffer.from(text), 256])
      expect(allTokens(openShards(folder, { split: name }))).toEqual(expected)
    }
  })

  test.each(['position', 'document'] as const)('by %s: the tokens of splitDocuments and packDocuments', async (by) => {
    const path = await jsonLines(texts)
    const folder = newFolder()
    const split = { by, validationShare: 0.1 }
    const tokenizer = { type: 'bpe', vocabSize: 280 } as const
    await prepareShards({
      ...plain,
      folder,
      source: { path },
      split,
      tokenizer,
      endOfDocument: null,
      seed: 9,
      shardTokens: 500,
    })
    const divided = splitDocuments(await readDocuments({ path }), { ...split, seed: 9 })
    const trained = trainBpe(
      divided.train.map(({ text }) => text),
      { vocabSize: 280 },
    )
    for (const name of ['train', 'validation'] as const) {
      const packed = packDocuments(divided[name], trained)
      const source = openShards(folder, { split: name })
      expect(allTokens(source)).toEqual([...packed.tokens])
      expect(allStarts(source)).toEqual([...packed.documentStarts])
      expect(source.byteLength).toBe(packed.byteLength)
    }
  })

  test('inputs by name; a repeat in another split is left out there', async () => {
    const [train, validation, test] = await Promise.all([
      jsonLines(['a', 'b']),
      jsonLines(['b', 'c']),
      jsonLines(['d']),
    ])
    const folder = newFolder()
    const source = { train: { path: train }, validation: { path: validation }, test: { path: test } }
    const { manifest } = await prepareShards({ ...plain, folder, source, deduplicate: true })
    const read = (split: 'train' | 'validation' | 'test') => allTokens(openShards(folder, { split }))
    expect([read('train'), read('validation'), read('test')]).toEqual([
      [97, 256, 98, 256],
      [99, 256],
      [100, 256],
    ])
    expect(manifest.provenance.inputs.map(({ split }) => split)).toEqual(['train', 'validation', 'test'])
  })

  test('a tokenizer learns from the training documents alone, or from a sample of them', async () => {
    const lines = Array.from({ length: 200 }, (_, i) => `${String.fromCodePoint(0x4e00 + i)} `.repeat(30))
    const learned = async (sampleShare: number) => {
      const folder = newFolder()
      await prepareShards({
        ...plain,
        folder,
        source: { path: await jsonLines(lines) },
        tokenizer: { type: 'bpe', vocabSize: 5000, sampleShare },
        split: { by: 'document', shares: [8, 1, 1] },
      })
      const tokenizer = await readTokenizer(join(folder, 'tokenizer.json'))
      return lines.filter((line) => tokenizer.encode(` ${line[0]!}`).length === 1).length
    }
    expect(await learned(1)).toBe(160)
    const sampled = await learned(0.25)
    expect(sampled).toBeGreaterThan(20)
    expect(sampled).toBeLessThan(60)
  })

  test('too few documents for a wanted split: an error, and nothing is left', async () => {
    const folder = join(newFolder(), 'deeper')
    const split = { by: 'document', shares: [8, 1, 1] } as const
    const source = { path: await jsonLines(['a', 'b', 'c']) }
    await expect(prepareShards({ ...plain, folder, source, split, seed: 1 })).rejects.toMatchObject({
      code: 'text-too-short',
      message: expect.stringMatching(/with shares of 8 : 1 : 1, 3 documents give (validation|test) none\. Bring more/),
    })
    expect(existsSync(join(folder, '..'))).toBe(false)
    await expect(
      prepareShards({ ...plain, folder, source: { path: await jsonLines(['', '']) } }),
    ).rejects.toMatchObject({
      code: expect.stringMatching(/text-too-short|empty-text/),
    })
    expect(existsSync(folder)).toBe(false)
  })
})

describe('a folder', () => {
  const begin = async (lines: readonly string[] = texts) => {
    const folder = newFolder()
    const options: PrepareOptions = { ...plain, folder, source: { path: await jsonLines(lines) }, shardTokens: 100 }
    return { folder, options }
  }

  test('that holds the same set is left as it is', async () => {
    const { folder, options } = await begin()
    const first = await prepareShards(options)
    const before = await bytesOf(folder)
    const again = await prepareShards({ ...options, workers: 1 })
    expect([first.outcome, again.outcome]).toEqual(['new', 'present'])
    expect(again.manifest).toEqual(first.manifest)
    expect(await bytesOf(folder)).toEqual(before)
  })

  test('that holds another set is refused with what differs; restart replaces it', async () => {
    const { folder, options } = await begin()
    await prepareShards(options)
    await writeFile(join(folder, 'README.txt'), 'mine')
    const other: PrepareOptions = { ...options, seed: 4, tokenizer: { type: 'bpe', vocabSize: 270 }, shardTokens: 1e6 }
    await expect(prepareShards(other)).rejects.toMatchObject({
      code: 'different-preparation',
      message: expect.stringMatching(
        /tokenizer\.type \(was "byte", now "bpe"\).*tokenizer\.vocabSize \(was absent, now 270\).*begin anew with restart/,
      ),
    })
    await prepareShards({ ...other, restart: true })
    expect((await readdir(folder)).sort()).toEqual([
      'README.txt',
      'manifest.json',
      'tokenizer.json',
      'train-00000.tokens',
    ])
    await verifyShards(folder)
  })

  test('whose inputs changed is refused', async () => {
    const { options } = await begin()
    await prepareShards(options)
    await writeFile((options.source as { path: string }).path, '{"text":"other"}\n')
    await expect(prepareShards(options)).rejects.toThrow(/inputs\.0\.bytes \(was \d+, now 17\)/)
  })

  test('that holds something else is refused', async () => {
    const { folder, options } = await begin()
    await mkdir(folder)
    await writeFile(join(folder, 'thesis.txt'), 'do not touch')
    for (const restart of [false, true]) {
      await expect(prepareShards({ ...options, restart })).rejects.toThrow('holds other files (thesis.txt)')
    }
    expect(await readdir(folder)).toEqual(['thesis.txt'])
  })

  test.each<[what: string, files: Record<string, string>, reason: string]>([
    [
      'a folder named unfinished',
      { 'unfinished/novel.txt': 'chapter 1', 'tokenizer.json': 'mine', 'other.txt': 'mine' },
      'holds a folder named unfinished that no preparation is known to have made. Choose a new or an empty folder.',
    ],
    [
      'a state of something else',
      { 'unfinished/state.json': '{"level":3}', 'train-00000.tokens': 'mine' },
      'holds a folder named unfinished that no preparation',
    ],
    [
      'a manifest.json of a web page',
      { 'manifest.json': '{"name":"App","icons":[]}', 'tokenizer.json': 'mine' },
      'holds a manifest.json of something else. Choose a new or an empty folder.',
    ],
    ['a manifest.json that is not JSON', { 'manifest.json': 'CACHE MANIFEST' }, 'a manifest.json of something else'],
    ['a tokenizer', { 'tokenizer.json': 'mine' }, 'holds other files (tokenizer.json)'],
    ['a file that was written aside by another', { 'novel.tmp': 'mine' }, 'holds other files (novel.tmp)'],
    [
      'shards among other files',
      { 'train-00000.tokens': 'mine', 'notes.txt': 'mine' },
      'holds other files (notes.txt, train-00000.tokens)',
    ],
  ])('that holds %s, but no set, is refused and left as it is', async (_, files, reason) => {
    const { folder, options } = await begin()
    for (const [name, contents] of Object.entries(files)) {
      await mkdir(join(folder, name, '..'), { recursive: true })
      await writeFile(join(folder, name), contents)
    }
    for (const restart of [false, true]) {
      await expect(prepareShards({ ...options, restart })).rejects.toMatchObject({
        code: 'different-preparation',
        message: expect.stringContaining(reason),
      })
    }
    for (const [name, contents] of Object.entries(files)) {
      expect(await readFile(join(folder, name), 'utf8')).toBe(contents)
    }
    expect((await readdir(folder, { recursive: true })).filter((name) => /lock/.test(name))).toEqual([])
  })

  test('that has lost its manifest is prepared again with restart alone', async () => {
    const { folder, options } = await begin()
    await prepareShards(options)
    const before = await bytesOf(folder)
    await rm(join(folder, 'manifest.json'))
    await expect(prepareShards(options)).rejects.toThrow('or remove these and begin anew with restart.')
    expect((await prepareShards({ ...options, restart: true })).outcome).toBe('new')
    expect(await bytesOf(folder)).toEqual(before)
  })

  test('keeps what somebody else put among what is unfinished', async () => {
    const { folder, options } = await begin(Array.from({ length: 30 }, (_, i) => textOf(i, 12_000)))
    const controller = new AbortController()
    const stopped = prepareShards({ ...options, signal: controller.signal, onProgress: () => controller.abort() })
    await expect(stopped).rejects.toMatchObject({ code: 'aborted' })
    await writeFile(join(folder, 'unfinished', 'notes.txt'), 'mine')
    await writeFile(join(folder, 'novel.tmp'), 'mine')
    expect((await prepareShards(options)).outcome).toBe('resumed')
    expect((await prepareShards(options)).outcome).toBe('present')
    expect(await readFile(join(folder, 'unfinished', 'notes.txt'), 'utf8')).toBe('mine')
    expect(await readFile(join(folder, 'novel.tmp'), 'utf8')).toBe('mine')
  })

  test('is not prepared twice at once; the lock of a process that is gone is taken over', async () => {
    const { folder, options } = await begin()
    const [one, other] = await Promise.allSettled([prepareShards(options), prepareShards(options)])
    expect(one.status).toBe('fulfilled')
    expect(other).toMatchObject({ status: 'rejected', reason: { code: 'folder-locked' } })
    await writeFile(join(folder, 'prepare.lock'), '999999999 1')
    expect((await prepareShards(options)).outcome).toBe('present')
    await writeFile(join(folder, 'prepare.lock'), `${process.ppid} 1`)
    await expect(prepareShards(options)).rejects.toThrow(`process ${process.ppid} is preparing a set in`)
  })

  test('that is stopped goes on where it was', async () => {
    const { folder, options } = await begin(Array.from({ length: 30 }, (_, i) => textOf(i, 12_000)))
    const controller = new AbortController()
    const stopped = prepareShards({ ...options, signal: controller.signal, onProgress: () => controller.abort() })
    await expect(stopped).rejects.toMatchObject({ code: 'aborted' })
    expect(() => openShards(folder, { split: 'train' })).toThrow('its preparation was stopped. Start it again')
    const changed = prepareShards({ ...options, seed: 1 })
    await expect(changed).rejects.toThrow('options.seed (was 0, now 1)')
    const seen: number[] = []
    const onProgress: PrepareOptions['onProgress'] = (progress) =>
      progress.stage === 'shards' && seen.push(progress.documents)
    expect((await prepareShards({ ...options, onProgress })).outcome).toBe('resumed')
    expect(seen[0]).toBeGreaterThan(1)
    const straight = newFolder()
    await prepareShards({ ...options, folder: straight })
    expect(await bytesOf(folder)).toEqual(await bytesOf(straight))
  })

  test('in which half-written shards were changed is refused', async () => {
    const { folder, options } = await begin(Array.from({ length: 30 }, (_, i) => textOf(i, 12_000)))
    const controller = new AbortController()
    const stopped = { ...options, shardTokens: 1e6, signal: controller.signal, onProgress: () => controller.abort() }
    await expect(prepareShards(stopped)).rejects.toMatchObject({ code: 'aborted' })
    await writeFile(join(folder, 'unfinished', 'train-00000.tokens'), 'short')
    const resumed = prepareShards({ ...stopped, signal: new AbortController().signal })
    await expect(resumed).rejects.toThrow('are shorter than was noted. Begin anew with restart')
  })
})

describe('a signal', () => {
  test('that has aborted ends a call before anything is read, made or removed', async () => {
    const path = join(root, 'bad.jsonl')
    await writeFile(path, 'no JSON\n')
    for (const split of [null, { by: 'position', validationShare: 0.5 }] as const) {
      const options = { ...plain, folder: newFolder(), source: { path }, split, signal: AbortSignal.abort() }
      await expect(prepareShards(options)).rejects.toMatchObject({ code: 'aborted' })
      expect(existsSync(options.folder)).toBe(false)
    }
    const options = { ...plain, folder: newFolder(), source: { path: await jsonLines(['one']) } }
    await prepareShards(options)
    const again = prepareShards({ ...options, restart: true, signal: AbortSignal.abort() })
    await expect(again).rejects.toMatchObject({ code: 'aborted' })
    await verifyShards(options.folder)
  })

  test('ends the reading for a split by position', async () => {
    const controller = new AbortController()
    const reading = { last: 0, abort: () => controller.abort() }
    Object.assign(globalThis, { reading })
    const module = join(root, 'aborting.mjs')
    const record = "{ get text() { if ((reading.last = i) === 3) reading.abort(); return 'text ' } }"
    await writeFile(module, `export default Array.from({ length: 100 }, (_, i) => (${record}))\n`)
    const stopped = prepareShards({
      ...plain,
      folder: newFolder(),
      source: { module },
      split: { by: 'position', validationShare: 0.5 },
      signal: controller.signal,
    })
    await expect(stopped).rejects.toMatchObject({ code: 'aborted' })
    expect(reading.last).toBe(3)
  })

  test('that aborts between two documents keeps what is written', async () => {
    const controller = new AbortController()
    Object.assign(globalThis, { stopReading: () => controller.abort() })
    const module = join(root, 'stopping.mjs')
    const record = '{ get text() { if (i === 5) stopReading(); return String(i).repeat(3e5) } }'
    await writeFile(module, `export default Array.from({ length: 9 }, (_, i) => (${record}))\n`)
    const folder = newFolder()
    const options: PrepareOptions = { ...plain, folder, source: { module } }
    await expect(prepareShards({ ...options, signal: controller.signal })).rejects.toMatchObject({ code: 'aborted' })
    const state = JSON.parse(await readFile(join(folder, 'unfinished', 'state.json'), 'utf8')) as PrepareState
    expect([state.position.kept, state.splits.train?.open.documents]).toEqual([5, 5])
    const { outcome, manifest } = await prepareShards(options)
    expect([outcome, manifest.splits.train?.documents]).toEqual(['resumed', 9])
    await verifyShards(folder)
  })

  test('ends the merging of a tokenizer', async () => {
    const controller = new AbortController()
    let merged = 0
    const folder = newFolder()
    const options: PrepareOptions = {
      ...plain,
      folder,
      source: { path: await jsonLines(texts) },
      tokenizer: { type: 'bpe', vocabSize: 300 },
    }
    const onProgress: PrepareOptions['onProgress'] = (progress) => {
      if (progress.stage !== 'tokenizer' || progress.work !== 'merging') return
      if (++merged === 3) controller.abort()
    }
    const stopped = prepareShards({ ...options, signal: controller.signal, onProgress })
    await expect(stopped).rejects.toMatchObject({ code: 'aborted' })
    expect(merged).toBe(3)
    expect((await prepareShards(options)).outcome).toBe('new')
  })
})

describe('open files', () => {
  /** Open files whose path begins so. */
  const openFiles = (start: string): string[] =>
    readdirSync('/proc/self/fd').flatMap((descriptor) => {
      try {
        const path = readlinkSync(`/proc/self/fd/${descriptor}`)
        return path.startsWith(start) ? [path] : []
      } catch {
        return [] // the descriptor of the list itself
      }
    })

  test.skipIf(!existsSync('/proc/self/fd'))('are closed after a stop and after every refusal', async () => {
    const path = await jsonLines(Array.from({ length: 60 }, (_, i) => `${i}${textOf(i, 12_000)}`))
    const folder = newFolder()
    const options: PrepareOptions = { ...plain, folder, source: { path }, deduplicate: true, shardTokens: 1e7 }
    for (let time = 0; time < 3; time++) {
      const controller = new AbortController()
      const stopped = prepareShards({ ...options, signal: controller.signal, onProgress: () => controller.abort() })
      await expect(stopped).rejects.toMatchObject({ code: 'aborted' })
    }
    await expect.poll(() => [...openFiles(path), ...openFiles(folder)]).toEqual([])
    const names = ['train-00000.tokens', 'train-00000.starts', 'digests']
    for (const name of names) {
      const file = join(folder, 'unfinished', name)
      const contents = await readFile(file)
      await writeFile(file, '')
      await expect(prepareShards(options)).rejects.toMatchObject({
        code: 'invalid-shards',
        message: expect.stringMatching(/shorter than was noted\. Begin anew with restart\.$/),
      })
      await rm(file)
      await expect(prepareShards(options)).rejects.toMatchObject({
        code: 'invalid-shards',
        message: `prepareShards: ${file} was noted, but is missing. Begin anew with restart.`,
      })
      await writeFile(file, contents)
    }
    await expect.poll(() => [...openFiles(path), ...openFiles(folder)]).toEqual([])
    expect((await prepareShards(options)).outcome).toBe('resumed')
  })

  test('a complete shard that is missing is named', async () => {
    const path = await jsonLines(Array.from({ length: 60 }, (_, i) => `${i}${textOf(i, 12_000)}`))
    const folder = newFolder()
    const options: PrepareOptions = { ...plain, folder, source: { path }, shardTokens: 20_000 }
    const controller = new AbortController()
    const stopped = prepareShards({ ...options, signal: controller.signal, onProgress: () => controller.abort() })
    await expect(stopped).rejects.toMatchObject({ code: 'aborted' })
    await rm(join(folder, 'train-00000.tokens'))
    await expect(prepareShards(options)).rejects.toThrow(/train-00000\.tokens was noted, but is missing\. Begin anew/)
    expect((await prepareShards({ ...options, restart: true })).outcome).toBe('new')
  })
})

describe('refuses', () => {
  test.each<[what: string, options: Partial<PrepareOptions>, code: string, reason: string]>([
    [
      'shares that give train nothing',
      { split: { by: 'document', shares: [0, 1] } },
      'invalid-argument',
      'train at least 1',
    ],
    [
      'shares that are no whole numbers',
      { split: { by: 'document', shares: [0.8, 0.2] } },
      'invalid-argument',
      'got 0.8, 0.2',
    ],
    [
      'a share out of range',
      { split: { by: 'position', validationShare: 1 } },
      'invalid-argument',
      'above 0 and below 1',
    ],
    [
      'a vocabulary without room for bytes',
      { tokenizer: { type: 'bpe', vocabSize: 100 } },
      'invalid-argument',
      'tokenizer.vocabSize',
    ],
    [
      'a sample of nothing',
      { tokenizer: { type: 'bpe', vocabSize: 300, sampleShare: 0 } },
      'invalid-argument',
      'sampleShare',
    ],
    [
      'shares by position',
      { split: { by: 'position' as 'document', shares: [8, 1, 1] } },
      'invalid-argument',
      `split.by of a split with shares must be 'document', got "position".`,
    ],
    [
      'a split by something else',
      { split: { by: 'token' as 'document', validationShare: 0.5 } },
      'invalid-argument',
      `split.by must be 'position' or 'document', got "token".`,
    ],
    [
      'another kind of tokenizer',
      { tokenizer: { type: 'unigram' as 'bpe', vocabSize: 300 } },
      'invalid-argument',
      `tokenizer.type must be 'byte' or 'bpe', got "unigram".`,
    ],
    ['shards of nothing', { shardTokens: 0 }, 'invalid-argument', 'shardTokens'],
    ['half a worker', { workers: 0.5 }, 'invalid-argument', 'workers'],
    [
      'a missing tokenizer',
      { tokenizer: { file: 'none.json' } },
      'file-not-found',
      'tokenizer none.json: there is no such file',
    ],
    ['a missing input', { source: { path: 'none.txt' } }, 'file-not-found', 'none.txt'],
    [
      'a split of named sources',
      { source: { train: { path: 'a' } }, split: { by: 'document', shares: [1, 1] } },
      'invalid-argument',
      'Leave split out',
    ],
  ])('%s, and makes nothing', async (_, options, code, reason) => {
    const folder = newFolder()
    const source = { path: await jsonLines(['a', 'b']) }
    await expect(prepareShards({ ...plain, folder, source, ...options })).rejects.toMatchObject({
      code,
      message: expect.stringContaining(reason),
    })
    expect(existsSync(folder)).toBe(false)
  })

  test('an end of documents that the tokenizer does not have', async () => {
    const file = join(root, 'plain.json')
    await saveTokenizer(file, trainBpe(['a'], { vocabSize: 300, specialTokens: ['<pad>'] }))
    const source = { path: await jsonLines(['a']) }
    await expect(prepareShards({ ...plain, folder: newFolder(), source, tokenizer: { file } })).rejects.toThrow(
      "has no special token '<|endoftext|>'; it has <pad>",
    )
  })
})
