import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Tokenizer } from '../src/index.js'
import { readTokenizer } from '../src/node.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

// The vocabulary and the corpora are not in the repository: shared/data/MANIFEST.md says where they come from.
const top = fileURLToPath(new URL('../../..', import.meta.url))
const places = process.env.SWAT_DATA ? [process.env.SWAT_DATA] : [join(top, '../shared/data'), join(top, 'shared/data')]
const archives = ['gpt2-tokenizer', 'eltec-eng', 'wikitext-2', 'eval'].map((name) => `${name}.tar.xz`)
const plainFiles = ['tinyshakespeare.txt', 'openorca-sample.jsonl']
const data = places.find((place) => [...archives, ...plainFiles].every((name) => existsSync(join(place, name))))
const canUnpack = spawnSync('xz', ['--version']).status === 0
const reason =
  data === undefined
    ? ` (skipped: ${places.join(' and ')} lack the data; name their folder in SWAT_DATA)`
    : canUnpack
      ? ''
      : ' (skipped: no xz to unpack the data with)'

interface Expected {
  written: { text: string; ids: number[] }[]
  lineSteps: Record<string, number[]>
  hashes: string
}
const expected = JSON.parse(readFileSync(new URL('fixtures/gpt2-lines.json', import.meta.url), 'utf8')) as Expected

describe.skipIf(data === undefined || !canUnpack)(`GPT-2's vocabulary${reason}`, () => {
  let folder = ''
  let tokenizer: Tokenizer

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'swat-gpt2-'))
    for (const archive of archives) {
      const { status, stderr } = spawnSync('tar', ['-xJf', join(data!, archive), '-C', folder])
      if (status !== 0) throw new Error(`${archive} cannot be unpacked: ${String(stderr)}`)
    }
    for (const name of plainFiles) cpSync(join(data!, name), join(folder, name))
    const [vocab, merges] = ['gpt2/gpt2_vocab.json', 'gpt2/gpt2_merges.txt'].map((name) => join(folder, name))
    tokenizer = await readTokenizer({ vocab: vocab!, merges: merges! })
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test('is read by our own code, with its one special token', () => {
    expect([tokenizer.kind, tokenizer.vocabSize]).toEqual(['bpe', 50_257])
    expect([...tokenizer.specialTokens]).toEqual([['<|endoftext|>', 50_256]])
  })

  test('hard texts have the ids of the Python package', () => {
    for (const { text, ids } of expected.written) {
      expect([...tokenizer.encode(text)], JSON.stringify(text)).toEqual(ids)
      expect(tokenizer.decode(ids)).toBe(text)
    }
    expect(expected.written.length).toBeGreaterThan(45)
  })

  test('10,000 lines have the ids of the Python package', () => {
    const wrong: string[] = []
    let index = 0
    for (const [name, steps] of Object.entries(expected.lineSteps)) {
      const lines = readFileSync(join(folder, name), 'utf8').split('\n')
      let number = 0
      for (const step of steps) {
        number += step
        const ids = tokenizer.encode(lines[number]!)
        const hash = createHash('sha256').update(ids.join(' ')).digest('hex').slice(0, 8)
        if (hash !== expected.hashes.slice(8 * index, 8 * index + 8)) wrong.push(`${name}:${number + 1}`)
        index++
      }
    }
    expect(index).toBe(10_000)
    expect(wrong).toEqual([])
  })

  test('all corpora come back as they were', () => {
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
      (name) => statSync(join(folder, name)).isFile() && !name.startsWith('gpt2'),
    )
    const different = names.filter((name) => {
      const text = readFileSync(join(folder, name), 'utf8')
      return tokenizer.decode(tokenizer.encode(text)) !== text
    })
    expect(different).toEqual([])
    expect(names.length).toBeGreaterThan(100)
  })
})
