import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { prepareShards } from '@swat-js/data/node'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { runSwat } from './swat-process.js'

// Every test starts whole processes.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 })

let folder: string
const texts = Array.from({ length: 30 }, (_, index) => (index === 7 ? 'Call me.' : `${'whale '.repeat(index)}ship`))
texts.push('Call me.')

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'swat-data-inspect-'))
  const lines = texts.map((text) => JSON.stringify({ body: text }))
  await writeFile(join(folder, 'texts.jsonl'), `${lines.join('\n')}\n`)
  await prepareShards({
    folder: join(folder, 'tokens'),
    source: { path: join(folder, 'texts.jsonl'), textField: 'body' },
    tokenizer: { type: 'byte' },
    split: { by: 'document', shares: [2, 1] },
    workers: 0,
  })
})

afterAll(async () => {
  await rm(folder, { recursive: true })
})

describe('swat data inspect', () => {
  const letters = new Set(texts.join('')).size
  const bytes = texts.reduce((sum, text) => sum + text.length, 0)

  it('looks at files, with a tokenizer, and writes numbers and a picture', async () => {
    const { code, stdout, stderr } = await runSwat(
      [
        ...['data', 'inspect', 'texts.jsonl', '--text-field', 'body', '--tokenizer', 'byte', '--samples', '1'],
        ...['--json', 'found.json', '--plot', 'found.svg'],
      ],
      folder,
    )
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain(`Documents   31, ${bytes.toLocaleString('en-US')} bytes of UTF-8\n`)
    expect(stdout).toContain('Compression 1.000 bytes per token\n')
    expect(stdout).toMatch(/\nDuplicates {2}1 documents, 8 bytes; the first: texts\.jsonl:31\n/)
    expect(stdout).toMatch(/\nWritten: found\.json\nWritten: found\.svg\n$/)
    const { inspections } = JSON.parse(await readFile(join(folder, 'found.json'), 'utf8')) as Record<string, never[]>
    expect(inspections).toMatchObject([
      { inspection: { documents: 31, bytes, tokens: bytes, vocabulary: { used: letters } } },
    ])
    expect(await readFile(join(folder, 'found.svg'), 'utf8')).toMatch(/^<svg [^]*31 documents[^]*<\/svg>\n$/)
  })

  it('looks at a prepared set, part by part, and reads its texts', async () => {
    const all = await runSwat(['data', 'inspect', 'tokens', '--samples', '1'], folder)
    expect(all).toMatchObject({ code: 0, stderr: '' })
    const counts = [...all.stdout.matchAll(/^tokens, (\w+)\nDocuments {3}(\d+), ([\d,]+) bytes/gm)]
    expect(counts.map(([, split]) => split)).toEqual(['train', 'validation'])
    const sum = (column: number) => counts.reduce((total, row) => total + Number(row[column]!.replace(',', '')), 0)
    expect([sum(2), sum(3)]).toEqual([31, bytes])
    const part = await runSwat(
      ['data', 'inspect', 'tokens', '--split', 'train', '--samples', '50', '--limit', '5'],
      folder,
    )
    expect(part.stdout).toMatch(/^tokens, train\nDocuments {3}5, /)
    const shown = part.stdout.match(/^ {2}".*"$/gm)?.map((line) => JSON.parse(line) as string)
    expect(shown).toHaveLength(5)
    for (const text of shown ?? []) expect(texts).toContainEqual(expect.stringMatching(`^${text}`))
  })

  it.each([
    [['tokens', '--format', 'csv'], '--format is about files, but tokens is a prepared set.'],
    [['texts.jsonl', '--split', 'train'], '--split is about a prepared set, but the inputs are files.'],
    [['tokens', '--split', 'test'], "tokens has no split 'test'; it has train, validation."],
    [['nothing.txt'], 'there is no file or folder nothing.txt.'],
    [['tokens', '--json', 'a', '--plot', 'a'], '--json and --plot must be different files, but both are a.'],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await runSwat(['data', 'inspect', ...args], folder)
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(message) })
  })
})
