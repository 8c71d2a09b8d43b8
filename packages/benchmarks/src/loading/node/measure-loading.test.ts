import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { prepareShards } from '@swat-js/data/node'
import { expect, it } from 'vitest'
import { formatLoading } from '../format-loading.js'
import { measureLoading } from './measure-loading.js'

it('measures both ways of reading a set, and tells of it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'swat-loading-'))
  try {
    await writeFile(join(folder, 'text.txt'), 'the whale swims and the ship sails\n'.repeat(100))
    const set = join(folder, 'set')
    const source = { path: join(folder, 'text.txt'), format: 'lines' } as const
    await prepareShards({ folder: set, source, tokenizer: { type: 'byte' }, workers: 0 })
    const asked: [number, number][] = []
    const benchmark = await measureLoading({
      ...{ source: { folder: set }, lengths: [16, 100], tokensPerBatch: 256, documents: 'aligned' },
      ...{ seconds: 0.05, rounds: 3, report: (done, total) => asked.push([done, total]) },
    })
    expect(benchmark).toMatchObject({ tokens: 3500, documentCount: 100, dtype: 'uint16' })
    expect(benchmark.rows.map(({ length, batchSize }) => [length, batchSize])).toEqual([
      [16, 16],
      [100, 2],
    ])
    for (const { tokensPerSecond, prefetchedTokensPerSecond } of benchmark.rows) {
      expect(tokensPerSecond).toBeGreaterThan(256)
      expect(prefetchedTokensPerSecond).toBeGreaterThan(256)
    }
    expect(asked.at(-1)).toEqual([5, 6])
    const lines = formatLoading(benchmark).split('\n')
    expect(lines[0]).toContain('3,500 tokens (uint16) of 100 documents, shuffled, aligned.')
    expect(lines).toHaveLength(5)
  } finally {
    await rm(folder, { recursive: true })
  }
})
