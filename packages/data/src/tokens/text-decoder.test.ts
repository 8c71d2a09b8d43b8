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

/** What comes before the stop string that is complete first, found one character after the other. */
function untilStop(text: string, stop: string[]): string {
  for (let end = 1; end <= text.length; end++) {
    const found = stop.filter((string) => text.slice(0, end).endsWith(string)).map(({ length }) => length)
    if (found.length > 0) return text.slice(0, end - Math.max(...found))
  }
  return text
}

describe.each(tokenizers)('stop strings, %s', (_, tokenizer) => {
  test('end the text and are not in it, wherever tokens cut them; no character and nothing of them comes before', () => {
    const letters = fc.array(fc.constantFrom('a', 'b', 'ü', '🐋', '鯨'), { maxLength: 30 }).map((some) => some.join(''))
    const strings = fc.array(fc.array(fc.constantFrom('a', 'b', 'ü', '🐋'), { minLength: 1, maxLength: 4 }), {
      maxLength: 3,
    })
    fc.assert(
      fc.property(letters, strings, (text, parts) => {
        const stop = parts.map((part) => part.join(''))
        const decoder = createTextDecoder(tokenizer, { stop })
        const expected = untilStop(text, stop)
        for (let round = 0; round < 2; round++) {
          let written = ''
          for (const id of tokenizer.encode(text)) {
            const piece = decoder.push(id)
            expect(piece).not.toMatch(/\p{Surrogate}|\ufffd/u)
            written += piece
            expect(expected.startsWith(written)).toBe(true)
          }
          expect(decoder.stopped).toBe(expected !== text)
          expect(written + decoder.flush()).toBe(expected)
          expect(decoder.stopped).toBe(false) // as new
        }
      }),
      { numRuns: 1000, seed: 1 },
    )
  })
})

test('only what may begin a stop string is held back', () => {
  const decoder = createTextDecoder(byteTokenizer(), { stop: ['\n\n', 'end'] })
  const push = (text: string) => [...byteTokenizer().encode(text)].map(decoder.push)
  expect(push('a\nb')).toEqual(['a', '', '\nb'])
  expect(push('eend')).toEqual(['', 'e', '', ''])
  expect(decoder.stopped).toBe(true)
  expect(push('more')).toEqual(['', '', '', ''])
  expect(decoder.flush()).toBe('')
  expect(push('en')).toEqual(['', ''])
  expect(decoder.flush()).toBe('en')
})

test('after a stop string half a character is forgotten', () => {
  const decoder = createTextDecoder(byteTokenizer(), { stop: ['b'] })
  expect([0x61, 0x62, 0xf0].map(decoder.push)).toEqual(['a', '', ''])
  expect(decoder.flush()).toBe('')
  expect(decoder.push(0x61)).toBe('a')
})

test.each([
  ['', '"" is empty'],
  ['\ud83d', 'has a lone surrogate'],
])('a stop string that cannot come: %j', (text, message) => {
  const create = () => createTextDecoder(byteTokenizer(), { stop: ['x', text] })
  expect(create).toThrow(
    expect.objectContaining({ code: 'invalid-argument', message: expect.stringContaining(message) }),
  )
})

test('an id that is not there', () => {
  expect(() => createTextDecoder(byteTokenizer()).push(256)).toThrow(
    expect.objectContaining({ code: 'token-out-of-range' }),
  )
})
