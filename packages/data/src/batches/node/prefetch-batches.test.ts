import { mkdtemp, readdir, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openShards } from '../../shards/node/open-shards.js'
import { prepareShards } from '../../shards/node/prepare-shards.js'
import { nextTokenBatches } from '../next-token-batches.js'
import { prefetchBatches } from './prefetch-batches.js'

let folder: string
let sets: string[]

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'swat-prefetch-'))
  sets = await Promise.all(
    ['one', 'two'].map(async (name, index) => {
      const path = join(folder, `${name}.jsonl`)
      const texts = Array.from({ length: 40 }, (_, line) => `${name} ${'word '.repeat(line + index)}${line}`)
      await writeFile(path, texts.map((text) => JSON.stringify({ text })).join('\n'))
      const set = join(folder, name)
      await prepareShards({ folder: set, source: { path }, tokenizer: { type: 'byte' }, workers: 0, shardTokens: 700 })
      return set
    }),
  )
})
afterAll(() => rm(folder, { recursive: true }))

const options = { batchSize: 3, length: 20, seed: 5 }

describe.each([0, 1] as const)('with %i threads', (workers) => {
  test.each(['packed', 'aligned'] as const)(
    'the batches, %s, and places of a mixture read at once',
    async (documents) => {
      const opened = sets.map((set, index) => ({ source: openShards(set, { split: 'train' }), weight: index + 1 }))
      const expected = nextTokenBatches(opened, { ...options, documents })
      const sources = sets.map((set, index) => ({ folder: set, weight: index + 1 }))
      const batches = await prefetchBatches(sources, { ...options, documents, ahead: 3, workers })
      expect(batches.sequencesPerEpoch).toEqual(expected.sequencesPerEpoch)
      expect(batches.tokensPerBatch).toBe(60)
      for (let count = 0; count < 300; count++) {
        expect(batches.cursor()).toEqual(expected.cursor())
        expect(await batches.next()).toEqual(expected.next())
      }
      const place = JSON.parse(JSON.stringify(batches.cursor()))
      const later = [await batches.next(), await batches.next()]
      batches.seek(place)
      expect(batches.cursor()).toEqual(place)
      expect([await batches.next(), await batches.next()]).toEqual(later)
      for (const { source } of opened) source.close()
      await batches.close()
    },
  )

  test('a place that is not there is refused at once, and the batches go on', async () => {
    const batches = await prefetchBatches([{ folder: sets[0]! }], { ...options, workers })
    const second = (await batches.next(), batches.cursor())
    expect(() => batches.seek([{ epoch: 0, sequence: 1e6 }])).toThrow('cursor[0].sequence must be')
    expect(batches.cursor()).toEqual(second)
    await expect(batches.next()).resolves.toMatchObject({ batchSize: 3 })
    await batches.close()
  })

  test('what opening throws comes at once, with its code', async () => {
    await expect(prefetchBatches([{ folder: join(folder, 'none') }], { ...options, workers })).rejects.toMatchObject({
      code: 'file-not-found',
      message: expect.stringContaining('has no manifest.json') as string,
    })
    await expect(prefetchBatches([{ folder: sets[0]! }], { ...options, length: 1e6, workers })).rejects.toMatchObject({
      code: 'text-too-short',
    })
  })

  test('a shard that is away for a while: the batch that failed comes when it is back', async () => {
    const set = join(folder, `away-${workers}`)
    const source = { path: join(folder, 'one.jsonl') }
    await prepareShards({ folder: set, source, tokenizer: { type: 'byte' }, workers: 0, shardTokens: 400 })
    const opened = openShards(set, { split: 'train' })
    const expected = nextTokenBatches(opened, options)
    const batches = await prefetchBatches([{ folder: set }], { ...options, ahead: 3, workers })
    const shard = join(set, 'train-00001.tokens')
    await rename(shard, `${shard}.away`)
    let failures = 0
    for (let count = 0; count < 40; count++) {
      const place = batches.cursor()
      try {
        expect(await batches.next()).toEqual(expected.next())
      } catch (error) {
        expect(error).toMatchObject({ code: 'unreadable-file' })
        expect(batches.cursor()).toEqual(place)
        if (++failures === 2) await rename(`${shard}.away`, shard)
        count--
      }
    }
    expect(failures).toBeGreaterThanOrEqual(2)
    opened.close()
    await batches.close()
  })

  test('going elsewhere while a batch is under way: the place is the new one', async () => {
    const batches = await prefetchBatches([{ folder: sets[0]! }], { ...options, workers })
    const place = [{ epoch: 5, sequence: 3 }]
    const underWay = batches.next()
    batches.seek(place)
    await underWay
    expect(batches.cursor()).toEqual(place)
    const next = await batches.next()
    batches.seek(place)
    expect(await batches.next()).toEqual(next)
    await batches.close()
  })

  test.runIf(process.platform === 'linux')('closed, it holds no file open, and gives no more batches', async () => {
    const openFiles = async () => (await readdir('/proc/self/fd')).length
    const before = await openFiles()
    for (let count = 0; count < 5; count++) {
      const batches = await prefetchBatches([{ folder: sets[0]! }], { ...options, workers })
      await batches.next()
      await batches.close()
      await batches.close()
      await expect(batches.next()).rejects.toMatchObject({ code: 'worker-failed' })
    }
    expect(await openFiles()).toBeLessThan(before + 5)
  })

  test('a shard that shrinks meanwhile is an error, not other tokens', async () => {
    const set = join(folder, `shrinking-${workers}`)
    const source = { path: join(folder, 'one.jsonl') }
    await prepareShards({ folder: set, source, tokenizer: { type: 'byte' }, workers: 0 })
    const batches = await prefetchBatches([{ folder: set }], { ...options, workers })
    await truncate(join(set, 'train-00000.tokens'), 100)
    const readAll = async (): Promise<void> => {
      for (let count = 0; count < 20; count++) await batches.next()
    }
    await expect(readAll()).rejects.toMatchObject({ name: 'DataError' })
    await batches.close()
  })
})

test('more than one thread is refused: each would begin at the start', async () => {
  const workers = 2 as 1
  await expect(prefetchBatches([{ folder: sets[0]! }], { ...options, workers })).rejects.toMatchObject({
    code: 'invalid-argument',
    message: 'prefetchBatches: workers must be a whole number from 0 to 1, got 2.',
  })
})
