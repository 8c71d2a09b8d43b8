import fc from 'fast-check'
import { expect, test } from 'vitest'
import { streamSource } from '../batches/stream-source.js'
import { byteTokenizer } from '../tokens/byte-tokenizer.js'
import { packDocuments } from '../tokens/pack-documents.js'
import { trainBpe } from '../tokens/train-bpe.js'
import { inspectDocuments, inspectTokens } from './inspect-documents.js'
import { textDigest } from './text-digest.js'

const named = (texts: readonly string[]) => texts.map((text, index) => ({ text, name: `document ${index}` }))

test('a small set, number by number', async () => {
  const documents = named(['abc', 'äö', '', 'abc', 'hello world', 'abc', ''])
  expect(await inspectDocuments(documents, byteTokenizer(), { samples: 7, sampleLength: 4 })).toEqual({
    ...{ documents: 7, bytes: 24, tokens: 24, bytesPerToken: 1 },
    vocabulary: { size: 256, used: 14 },
    lengths: {
      bytes: {
        ...{ least: 0, mean: 24 / 7, most: 11 },
        bins: [
          { from: 0, to: 0, documents: 2 },
          { from: 1, to: 1, documents: 0 },
          { from: 2, to: 3, documents: 3 },
          { from: 4, to: 7, documents: 1 },
          { from: 8, to: 15, documents: 1 },
        ],
      },
      tokens: expect.objectContaining({ least: 0, most: 11 }),
    },
    duplicates: { documents: 3, bytes: 6, names: ['document 3', 'document 5', 'document 6'] },
    samples: ['abc', 'äö', '', 'abc', 'hell', 'abc', ''].map((text, index) => ({
      ...{ name: `document ${index}`, text },
      ...{ bytes: [3, 4, 0, 3, 11, 3, 0][index], tokens: [3, 4, 0, 3, 11, 3, 0][index] },
    })),
  })
})

test('without a tokenizer nothing is said of tokens; nothing at all is a result too', async () => {
  expect(await inspectDocuments(named(['a', 'bb']), null)).toMatchObject({
    ...{ documents: 2, bytes: 3, tokens: null, bytesPerToken: null, vocabulary: null, lengths: { tokens: null } },
    samples: [{ tokens: null }, { tokens: null }],
  })
  expect(await inspectDocuments([], byteTokenizer())).toMatchObject({
    ...{ documents: 0, bytes: 0, tokens: 0, bytesPerToken: null, samples: [] },
    lengths: { bytes: { least: 0, mean: 0, most: 0, bins: [] } },
  })
})

test('tokens say the same as the documents they were made from', async () => {
  const words = fc.array(fc.constantFrom('the ', 'whale ', 'ship', ', ', '🐳', 'ß', '\n'), { maxLength: 12 })
  const texts = fc.array(
    words.map((parts) => parts.join('')),
    { minLength: 1, maxLength: 12 },
  )
  const tokenizer = trainBpe(['the whale, the ship, the whale. '.repeat(20)], {
    vocabSize: 280,
    specialTokens: ['<|end|>'],
  })
  const endOfDocument = tokenizer.specialTokens.get('<|end|>')!
  await fc.assert(
    fc.asyncProperty(texts, fc.boolean(), fc.nat(), async (texts, ends, seed) => {
      const withEnd = ends || texts.every((text) => text === '') // without one, no text is no token
      const end = withEnd ? endOfDocument : null
      const stream = packDocuments(named(texts), tokenizer, withEnd ? { endOfDocument } : {})
      const options = { seed, samples: 4, sampleLength: 5 }
      const expected = await inspectDocuments(named(texts), tokenizer, options)
      expect(await inspectTokens(streamSource(stream), tokenizer, end, options)).toEqual(expected)
      expect(expected.bytes).toBe(texts.reduce((sum, text) => sum + new TextEncoder().encode(text).length, 0))
      expect(expected.duplicates.documents).toBe(texts.length - new Set(texts).size)
      const { bins } = expected.lengths.bytes
      const counted = bins.map(({ from, to }) => {
        const inside = texts.filter((text) => Buffer.byteLength(text) >= from && Buffer.byteLength(text) <= to)
        return { from, to, documents: inside.length }
      })
      expect(bins).toEqual(counted)
      expect(bins.reduce((sum, bin) => sum + bin.documents, 0)).toBe(texts.length)
    }),
    { numRuns: 100 },
  )
})

test('a limit stops early, and progress is told', async () => {
  const seen: number[] = []
  const read: string[] = []
  async function* documents() {
    for (const document of named(['a', 'b', 'c', 'd'])) {
      read.push(document.text)
      yield document
    }
  }
  const options = { limit: 2, onProgress: (count: number) => seen.push(count) }
  expect(await inspectDocuments(documents(), null, options)).toMatchObject({ documents: 2, bytes: 2 })
  expect([seen, read]).toEqual([
    [1, 2],
    ['a', 'b'],
  ])
})

test('every document is a sample as often as any other, the same ones for the same seed', async () => {
  const documents = named(Array.from({ length: 10 }, (_, index) => `${index}`))
  const samplesOf = async (seed: number) =>
    (await inspectDocuments(documents, null, { samples: 3, seed })).samples.map(({ text }) => Number(text))
  const counts = new Array<number>(10).fill(0)
  for (let seed = 0; seed < 2000; seed++) for (const place of await samplesOf(seed)) counts[place]!++
  for (const count of counts) expect(Math.abs(count - 600)).toBeLessThan(110) // 5 standard deviations
  expect(await samplesOf(7)).toEqual(await samplesOf(7))
})

test('a sample is not cut within a character', async () => {
  const { samples } = await inspectDocuments(named(['a🐳🐳🐳']), null, { sampleLength: 2 })
  expect(samples[0]!.text).toBe('a🐳')
})

test('digests of texts differ in every word of theirs', () => {
  const texts = Array.from({ length: 20_000 }, (_, index) => index.toString(36))
  const words = texts.map((text) => new Uint32Array(textDigest(text).buffer))
  for (const lane of [0, 1, 2, 3]) {
    // a random function of 20,000 texts has 0.05 pairs in 2³²
    expect(20_000 - new Set(words.map((digest) => digest[lane])).size).toBeLessThan(20)
  }
  expect(new Set(words.map(String)).size).toBe(20_000)
})

test.each([
  [{ samples: -1 }, 'inspectDocuments: samples must be a whole number of at least 0, got -1'],
  [{ limit: 1.5 }, 'inspectDocuments: limit must be a whole number of at least 0, got 1.5'],
  [{ sampleLength: NaN }, 'inspectDocuments: sampleLength must be a whole number of at least 0, got NaN'],
])('refuses %j', async (options, message) => {
  await expect(inspectDocuments([], null, options)).rejects.toThrow(message)
})
