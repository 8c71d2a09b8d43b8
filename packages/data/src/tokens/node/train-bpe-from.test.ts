import fc from 'fast-check'
import { expect, test } from 'vitest'
import { trainBpe } from '../train-bpe.js'
import { trainBpeFrom } from './train-bpe-from.js'

const specialTokens = ['<|endoftext|>']
const words = ['the ', 'whale', ' whales', '鯨', '🐋', ' 12', '...', "'s", '\ud83d', '<|endoftext|>', 'ſtrange ']
const someTexts = Array.from({ length: 300 }, (_, text) =>
  Array.from(
    { length: 1 + ((text * 7919) % 40) },
    (_, index) => words[(text * 31 + index * index) % words.length],
  ).join(''),
)

test.each([0, 1, 3])('%i workers learn what trainBpe learns', async (workers) => {
  const options = { vocabSize: 320, specialTokens }
  const expected = trainBpe(someTexts, options).toJSON()
  expect((await trainBpeFrom(someTexts, { ...options, workers })).toJSON()).toEqual(expected)
})

test('however the texts are cut into batches, and in any order', async () => {
  const long = someTexts.map((text, index) => text.repeat(index % 100 === 0 ? 20_000 : 1)) // some fill batches alone
  const expected = trainBpe(long, { vocabSize: 300, specialTokens }).toJSON()
  const counted: number[][] = []
  const inOrder = await trainBpeFrom(long, {
    vocabSize: 300,
    specialTokens,
    workers: 2,
    onCount: (...counts) => counted.push(counts),
  })
  expect(inOrder.toJSON()).toEqual(expected)
  expect(counted.length).toBeGreaterThan(1)
  expect(counted.at(-1)).toEqual([300, long.reduce((sum, { length }) => sum + length, 0)])
  async function* reversed(): AsyncGenerator<string> {
    for (const text of long.toReversed()) yield Promise.resolve(text)
  }
  expect((await trainBpeFrom(reversed(), { vocabSize: 300, specialTokens, workers: 1 })).toJSON()).toEqual(expected)
})

test('any texts', async () => {
  const texts = fc.array(fc.string({ unit: 'binary' }), { minLength: 1 })
  await fc.assert(
    fc.asyncProperty(texts, async (some) => {
      fc.pre(some.join('') !== '')
      const options = { vocabSize: 300, minFrequency: 1 }
      const learned = await trainBpeFrom(some, { ...options, workers: 0 })
      expect(learned.toJSON()).toEqual(trainBpe(some, options).toJSON())
    }),
  )
})

test('of more words than mostWords the most frequent are learned from', async () => {
  const rare = Array.from({ length: 50 }, (_, index) => `x${String.fromCharCode(97 + (index % 26), 97 + index / 26)}`)
  const frequent = [...Array<string>(9).fill('whale'), ...Array<string>(8).fill('ship')]
  const texts = [...frequent, ...rare]
  const options = { vocabSize: 300, minFrequency: 1 }
  const learned = await trainBpeFrom(texts, { ...options, workers: 1, mostWords: 2 })
  expect(learned.toJSON()).toEqual(trainBpe(frequent, options).toJSON())
  expect((await trainBpeFrom(texts, { ...options, workers: 3, mostWords: 2 })).toJSON()).toEqual(learned.toJSON())
})

test('what the texts throw comes out', async () => {
  async function* broken(): AsyncGenerator<string> {
    yield Promise.resolve('a')
    throw new Error('no more')
  }
  await expect(trainBpeFrom(broken(), { vocabSize: 300, workers: 1 })).rejects.toThrow('no more')
})

test.each([
  [{ vocabSize: 255 }, 'trainBpeFrom: vocabSize must be', 'invalid-argument'],
  [{ vocabSize: 300, workers: -1 }, 'workers must be', 'invalid-argument'],
  [{ vocabSize: 300, mostWords: 0 }, 'mostWords must be', 'invalid-argument'],
  [{ vocabSize: 300, specialTokens: [''] }, 'is empty', 'invalid-special-token'],
])('refuses %j', async (options, reason, code) => {
  const refused = { code, message: expect.stringContaining(reason) }
  await expect(trainBpeFrom(['a'], options)).rejects.toMatchObject(refused)
})

test('refuses texts without a character', async () => {
  await expect(trainBpeFrom(['', ''], { vocabSize: 300, workers: 0 })).rejects.toMatchObject({ code: 'empty-text' })
})
