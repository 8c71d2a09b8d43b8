import { expect, test } from 'vitest'
import { EncodedWords } from './encoded-words.js'
import { TokenBuffer } from './token-buffer.js'

const codes = (word: string): Int32Array => Int32Array.from(word, (character) => character.charCodeAt(0))

test('gives the ids of each word again, and never holds more words than its capacity', () => {
  const words = new EncodedWords(3)
  const sizes: number[] = []
  const text = 'ab cd ef ab gh ab ij kl mn ab'
  for (let start = 0; start < text.length; start += 3) {
    const output = new TokenBuffer()
    words.append(text, start, start + 2, output, codes)
    expect([...output.toArray()]).toEqual([...codes(text.slice(start, start + 2))])
    sizes.push(words.size)
  }
  expect(sizes).toEqual([1, 2, 3, 3, 1, 2, 3, 1, 2, 3])
})

test('encodes a word once while it is remembered, but a long one each time', () => {
  const words = new EncodedWords(10)
  const encoded: string[] = []
  const encode = (word: string): Int32Array => {
    encoded.push(word)
    return codes(word)
  }
  const long = 'x'.repeat(65)
  for (const word of ['a', 'a', long, long, 'a']) words.append(word, 0, word.length, new TokenBuffer(), encode)
  expect(encoded).toEqual(['a', long, long])
})
