import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { byteTokenizer } from './byte-tokenizer.js'
import { createTextDecoder } from './text-decoder.js'
import { trainBpe } from './train-bpe.js'
import type { Tokenizer } from './tokenizer.js'

const specialTokens = ['<|endoftext|>']
const sample = 'the whale über 鯨鯨 🐋🌊 über the sea'
const tokenizers: [string, Tokenizer][] = [
  ['byte', byteTokenizer({ specialTokens })],
  ['bpe', trainBpe([sample, sample], { vocabSize: 300, specialTokens })],
]
const anyText = fc
  .array(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('<|endoftext|>', 'the ', '🐋', '\ufeff', '\ud83d')))
  .map((parts) => parts.join(''))

describe.each(tokenizers)('%s', (_, tokenizer) => {
  test('encode, then decode, is the identity, lone surrogates aside', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const wellFormed = text.replace(/\p{Surrogate}/gu, '\ufffd')
        expect(tokenizer.decode(tokenizer.encode(text))).toBe(wellFormed)
        expect([...tokenizer.encode(text)]).toEqual([...tokenizer.encode(wellFormed)])
      }),
      { numRuns: 300 },
    )
  })

  test('any ids: what is pushed out is what decode gives', () => {
    const ids = fc.array(fc.integer({ min: 0, max: tokenizer.vocabSize - 1 }))
    fc.assert(
      fc.property(ids, (some) => {
        const decoder = createTextDecoder(tokenizer)
        expect(some.map(decoder.push).join('') + decoder.flush()).toBe(tokenizer.decode(some))
      }),
      { numRuns: 300 },
    )
  })

  test('a text comes out in whole characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const decoder = createTextDecoder(tokenizer)
        const pieces = [...tokenizer.encode(text)].map(decoder.push)
        expect(pieces.join('')).toBe(text)
        for (const piece of pieces) expect(piece).not.toMatch(/\p{Surrogate}|\ufffd/u)
        expect(decoder.flush()).toBe('')
      }),
    )
  })
})

test('a byte order mark is a character like any other', () => {
  const decoder = createTextDecoder(byteTokenizer())
  expect([...byteTokenizer().encode('\ufeffa')].map(decoder.push)).toEqual(['', '', '\ufeff', 'a'])
})

test('half a character waits, then comes whole; flush gives up on it and starts anew', () => {
  const decoder = createTextDecoder(byteTokenizer())
  expect([0xf0, 0x9f, 0x90, 0x8b, 0x61].map(decoder.push)).toEqual(['', '', '', '🐋', 'a'])
  expect([0xf0, 0x9f].map(decoder.push)).toEqual(['', ''])
  expect(decoder.flush()).toBe('\ufffd')
  expect(decoder.push(0x62)).toBe('b')
  expect(byteTokenizer().decode([0x61, 0xf0, 0x9f])).toBe('a\ufffd')
})

test('an id that is not there', () => {
  expect(() => createTextDecoder(byteTokenizer()).push(256)).toThrow(
    expect.objectContaining({ code: 'token-out-of-range' }),
  )
})
