import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openShards, prepareShards } from '@swat-js/data/node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { resolveRunConfig } from './config/resolve-run-config.js'
import type { RunConfigInput } from './config/run-config.js'
import { trainRun } from './run.js'
import { readHeldOut } from './text/sharded-data.js'

let folder: string
const path = (name: string) => join(folder, name)
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'swat-sharded-'))
  const text = Array.from({ length: 90 }, (_, i) => `${i % 7} whales and ${i} ships sail on to ${i * i}. `)
  await writeFile(path('one.txt'), text.join(''))
  const lines = text.map((_, i) => JSON.stringify({ text: text.slice(i, i + 1 + (i % 5)).join('') }))
  await writeFile(path('pages.jsonl'), lines.join('\n'))
  const [one, pages] = [{ path: path('one.txt') }, { path: path('pages.jsonl') }]
  const byte = { type: 'byte' } as const
  const small = { workers: 0, shardTokens: 500 }
  await prepareShards({
    ...small,
    folder: path('book'),
    source: one,
    tokenizer: { type: 'bpe', vocabSize: 300 },
    endOfDocument: null,
    split: { by: 'position', validationShare: 0.1 },
  })
  const split = { by: 'document', shares: [8, 1, 1] } as const
  await prepareShards({ ...small, folder: path('pages'), source: pages, tokenizer: byte, split })
  await prepareShards({ ...small, folder: path('others'), source: pages, tokenizer: byte, split, seed: 3 })
  await prepareShards({ ...small, folder: path('unsplit'), source: pages, tokenizer: byte })
})
afterAll(() => rm(folder, { recursive: true }))

const config = (name: string, changes: Partial<RunConfigInput> = {}) =>
  resolveRunConfig({
    name,
    data: { shards: path('pages') },
    engine: { backend: 'cpu' },
    model: { preset: 'nano', hiddenSize: 16, layers: 1, heads: 2, window: 8, intermediateSize: 32 },
    training: { steps: 12, batchSize: 2, length: 16, learningRate: 1e-2 },
    validation: { every: 4, tokens: 50, finalTokens: 200 },
    sample: { every: 6, tokens: 4 },
    checkpoint: { every: 5, keep: 1 },
    output: { folder },
    ...changes,
  })

/** What a run has measured, without what a clock decides. */
async function metricsOf(name: string): Promise<object[]> {
  const lines = (await readFile(join(folder, name, 'metrics.jsonl'), 'utf8')).trimEnd().split('\n')
  return lines.map((line) => ({ ...(JSON.parse(line) as object), seconds: 0, tokensPerSecond: 0 }))
}

describe('training from shards', () => {
  it('has the numbers of training from the text', async () => {
    const common = {
      split: { by: 'position', validationShare: 0.1 },
      training: { steps: 30, batchSize: 2, length: 16 },
    } as const
    const fromText = config('from-text', {
      ...common,
      data: { path: path('one.txt') },
      tokenizer: { type: 'bpe', vocabSize: 300 },
    })
    const summary = await trainRun(fromText)
    const sharded = await trainRun(config('from-shards', { ...common, data: { shards: path('book') } }))
    expect(await metricsOf('from-shards')).toEqual(await metricsOf('from-text'))
    expect(sharded.bitsPerByte).toBe(summary.bitsPerByte)
  })

  it.each(['packed', 'aligned'] as const)(
    '%s documents of a mixture: stopped and gone on to the same numbers',
    async (documents) => {
      const changes = {
        data: {
          shards: [
            { folder: path('pages'), weight: 3 },
            { folder: path('others'), weight: 1 },
          ],
        },
        training: { steps: 40, batchSize: 3, length: 24, documents },
      }
      await trainRun(config(`straight-${documents}`, changes))
      const controller = new AbortController()
      const stopped = config(`stopped-${documents}`, changes)
      await trainRun(stopped, {
        signal: controller.signal,
        report: (event) => event.event === 'step' && event.step === 33 && controller.abort(),
      })
      await trainRun(stopped, { resume: true })
      expect(await metricsOf(`stopped-${documents}`)).toEqual(await metricsOf(`straight-${documents}`))
      const state = await readFile(join(folder, `straight-${documents}`, 'checkpoints/step-000040/state.json'), 'utf8')
      const [first, second] = (JSON.parse(state) as { cursor: { epoch: number; sequence: number }[] }).cursor
      expect(second.epoch).toBeLessThanOrEqual(first.epoch)
    },
  )

  it('of several sets as much is held out as their weights say, of the first tokens too', async () => {
    const sets = [
      { folder: path('pages'), weight: 3 },
      { folder: path('others'), weight: 1 },
    ]
    const parts = await Promise.all(
      sets.map(async ({ folder: set }) => {
        const source = openShards(set, { split: 'validation' })
        const tokens = new Int32Array(source.tokenCount)
        source.read(0, tokens)
        source.close()
        return [...tokens]
      }),
    )
    const [pages, others] = parts as [number[], number[]]
    const heldOut = (tokens: number, finalTokens: number | null) => [
      ...readHeldOut(sets, { validation: { ...config('held-out').validation, tokens, finalTokens } }),
    ]
    const first = [...pages.slice(0, 30), ...others.slice(0, 10)]
    expect(heldOut(40, 40)).toEqual(first)
    expect(heldOut(40, 80)).toEqual([...first, ...pages.slice(30, 60), ...others.slice(10, 20)])
    expect(heldOut(40, null)).toEqual([...first, ...pages.slice(30), ...others.slice(10)])
    expect(heldOut(1e6, null)).toEqual([...pages, ...others])
  })

  it('empty documents make no difference between a set and its text', async () => {
    const lines = Array.from({ length: 30 }, (_, i) =>
      JSON.stringify({ text: i % 4 === 1 ? '' : `whale ${i} `.repeat(i) }),
    )
    await writeFile(path('gaps.jsonl'), lines.join('\n'))
    const data = { path: path('gaps.jsonl') }
    for (const [name, split] of Object.entries({
      document: { by: 'document', validationShare: 0.2 },
      position: { by: 'position', validationShare: 0.2 },
    } as const)) {
      const common = { split, training: { steps: 20, batchSize: 2, length: 16 } }
      const fromText = config(`gaps-${name}`, { ...common, data, tokenizer: { type: 'byte' } })
      await trainRun(fromText)
      const set = path(`gaps-set-${name}`)
      const { tokenizer, seed } = fromText
      await prepareShards({
        ...{ folder: set, source: data, tokenizer: { type: 'byte' }, endOfDocument: tokenizer.endOfDocument },
        ...{ split: fromText.split, seed, workers: 0 },
      })
      await trainRun(config(`gaps-sharded-${name}`, { ...common, data: { shards: set } }))
      expect(await metricsOf(`gaps-sharded-${name}`)).toEqual(await metricsOf(`gaps-${name}`))
    }
  })

  it('the record names the tokenizer of the set', async () => {
    await trainRun(config('recorded', { training: { steps: 1, batchSize: 1, length: 8 } }))
    const record = JSON.parse(await readFile(join(folder, 'recorded/config.json'), 'utf8')) as { config: object }
    expect(record.config).toMatchObject({
      tokenizer: { file: path('pages/tokenizer.json'), endOfDocument: '<|endoftext|>' },
    })
  })

  it.each<[string, Partial<RunConfigInput>, string]>([
    ['a folder that is no set', { data: { shards: 'nowhere' } }, 'nowhere has no manifest.json'],
    ['no validation split', {}, 'unsplit has no validation split to measure a model on. Prepare it with --split 8:1:1'],
    ['sets of two tokenizers', {}, 'was made with another tokenizer than'],
    [
      'sinks beside aligned documents',
      {
        model: { preset: 'nano', window: 8, slopes: 'none', sinks: 2 },
        training: { steps: 1, documents: 'aligned', length: 8 },
      },
      "training.documents: expected packed, got aligned: only the first document of a row would have the model's 2 sink(s).",
    ],
    [
      'a recurrence beside aligned documents',
      {
        model: { preset: 'nano', baseline: 'retnet' },
        training: { steps: 1, documents: 'aligned', length: 8 },
      },
      'training.documents: expected packed, got aligned: the state of retnet goes on',
    ],
    [
      'a sequence longer than a set',
      { training: { steps: 1, length: 100_000 } },
      'one sequence of length 100000 needs',
    ],
  ])('refuses %s, and leaves no folder', async (what, changes, message) => {
    const data =
      what === 'no validation split'
        ? { shards: path('unsplit') }
        : what === 'sets of two tokenizers'
          ? { shards: ['pages', 'book'].map((name) => ({ folder: path(name), weight: 1 })) }
          : (changes.data ?? { shards: path('pages') })
    const name = what.replaceAll(' ', '-')
    await expect(trainRun(config(name, { ...changes, data }))).rejects.toThrow(message)
    await expect(readFile(join(folder, name, 'config.json'))).rejects.toThrow('ENOENT')
  })

  it('refuses to go on with a set that was changed', async () => {
    const changing = { ...config('changing'), data: { ...config('changing').data, shards: path('changing-set') } }
    const source = { path: path('pages.jsonl') }
    const options = { folder: path('changing-set'), source, tokenizer: { type: 'byte' }, workers: 0 } as const
    await prepareShards({ ...options, split: { by: 'document', shares: [8, 1, 1] } })
    await trainRun(changing)
    await prepareShards({ ...options, split: { by: 'document', shares: [8, 1, 1] }, seed: 9, restart: true })
    await expect(trainRun(changing, { resume: true })).rejects.toMatchObject({ code: 'resume-refused' })
  })
})
