import { expect, test } from 'vitest'
import { trainBpe } from './train-bpe.js'

const merges = (...texts: string[]): string[] => trainBpe(texts, { vocabSize: 300 }).toJSON().model.merges

test('the example of Sennrich et al. 2016 (algorithm 1), with our tie rule', () => {
  const words = ['low', 'lower', 'newest', 'widest'].map((word, index) => [word, [5, 2, 6, 3][index]!] as const)
  const texts = words.flatMap(([word, count]) => Array<string>(count).fill(word))
  expect(merges(...texts).slice(0, 6)).toEqual(['e s', 'es t', 'l o', 'lo w', 'e w', 'n ew'])
})

test('of equally frequent pairs the one with the smallest ids is first', () => {
  expect(merges('zy', 'zy', 'ab', 'ab', 'ax', 'ax')).toEqual(['a b', 'a x', 'z y'])
})

test('a space belongs to the word after it, and nothing merges across words', () => {
  expect(merges('a b a b a b')).toEqual(['Ġ b', 'Ġ a'])
})

test('the order of the texts does not matter', () => {
  const texts = ['the whale and the sea', 'the sea and the ship', 'whales, ships; seas']
  expect(merges(...texts)).toEqual(merges(...texts.toReversed()))
})

test('pairs below minFrequency are left alone: the vocabulary stays smaller than asked', () => {
  const texts = ['abc', 'abc', 'xy']
  expect(trainBpe(texts, { vocabSize: 1000 }).toJSON().model.merges).toEqual(['a b', 'ab c'])
  expect(trainBpe(texts, { vocabSize: 1000 }).vocabSize).toBe(258)
  expect(trainBpe(texts, { vocabSize: 1000, minFrequency: 1 }).vocabSize).toBe(259)
  expect(trainBpe(texts, { vocabSize: 1000, minFrequency: 3 }).vocabSize).toBe(256)
})

test('special tokens have the last ids, and nothing is learned from them or across them', () => {
  const specialTokens = ['<|endoftext|>', '<pad>']
  const tokenizer = trainBpe(['ab<|endoftext|>ab<|endoftext|>'], { vocabSize: 300, specialTokens })
  expect(tokenizer.toJSON().model.merges).toEqual(['a b'])
  expect([...tokenizer.specialTokens]).toEqual([
    ['<|endoftext|>', 257],
    ['<pad>', 258],
  ])
  expect([...tokenizer.encode('ab<pad>ab')]).toEqual([256, 258, 256])
})

test('progress counts to the total', () => {
  const seen: [number, number][] = []
  trainBpe(['abcd abcd'], { vocabSize: 258, onProgress: (done, total) => seen.push([done, total]) })
  expect(seen).toEqual([
    [1, 2],
    [2, 2],
  ])
})

test('texts are taken one at a time, from any iterable', () => {
  function* texts(): Generator<string> {
    for (let count = 0; count < 3; count++) yield 'whale'
  }
  expect(trainBpe(texts(), { vocabSize: 300 }).toJSON().model.merges).toHaveLength(4)
})

test('lone surrogates count as U+FFFD', () => {
  expect(merges('\ud800', '\ud800')).toEqual(merges('\ufffd', '\ufffd'))
})

test('a long run without white space takes no quadratic time', () => {
  const run = 'a'.repeat(200_000)
  const tokenizer = trainBpe([run], { vocabSize: 400, minFrequency: 1 })
  expect(tokenizer.encode(run)).toHaveLength(1)
  expect(tokenizer.decode(tokenizer.encode(run))).toBe(run)
})

test.each([
  [{ vocabSize: 255 }, 'vocabSize must be a whole number of at least 256', 'invalid-argument'],
  [{ vocabSize: 300.5 }, 'got 300.5', 'invalid-argument'],
  [{ vocabSize: 257, specialTokens: ['<a>', '<b>'] }, 'at least 258 (256 bytes and 2 special', 'invalid-argument'],
  [{ vocabSize: 300, minFrequency: 0 }, 'minFrequency must be a whole number of at least 1', 'invalid-argument'],
  [{ vocabSize: 300, specialTokens: ['<a>', '<a>'] }, '"<a>" is there twice', 'invalid-special-token'],
  [{ vocabSize: 300, specialTokens: ['Ġhe'] }, '"Ġhe" is already a token', 'invalid-special-token'],
])('refuses %j', (options, reason, code) => {
  expect(() => trainBpe(['he said he will, he will'], options)).toThrow(
    expect.objectContaining({ code, message: expect.stringContaining(reason) }),
  )
})

test.each([[[]], [['', '']]])('refuses texts without a character: %j', (texts) => {
  expect(() => trainBpe(texts, { vocabSize: 300 })).toThrow(expect.objectContaining({ code: 'empty-text' }))
})
