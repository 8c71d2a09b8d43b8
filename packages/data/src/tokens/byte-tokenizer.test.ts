import { expect, test } from 'vitest'
import { byteTokenizer } from './byte-tokenizer.js'

test('the id of a byte is its value', () => {
  const tokenizer = byteTokenizer()
  expect([tokenizer.kind, tokenizer.vocabSize, tokenizer.specialTokens.size]).toEqual(['byte', 256, 0])
  expect([...tokenizer.encode('aü🐋\0')]).toEqual([0x61, 0xc3, 0xbc, 0xf0, 0x9f, 0x90, 0x8b, 0])
  expect(tokenizer.decode([0x61, 0xc3, 0xbc, 0xf0, 0x9f, 0x90, 0x8b, 0])).toBe('aü🐋\0')
  for (let id = 0; id < 256; id++) expect([...tokenizer.tokenBytes(id)]).toEqual([id])
})

test('special tokens come after the bytes and are found in text, the longest first', () => {
  const tokenizer = byteTokenizer({ specialTokens: ['<a>', '<a><b>', '[.*]'] })
  expect(tokenizer.vocabSize).toBe(259)
  expect([...tokenizer.encode('x<a><b>[.*]<a>y')]).toEqual([0x78, 257, 258, 256, 0x79])
  expect(tokenizer.decode([257, 256, 0x78])).toBe('<a><b><a>x')
  expect(new TextDecoder().decode(tokenizer.tokenBytes(258))).toBe('[.*]')
})

test('without special tokens their text is plain bytes', () => {
  expect(byteTokenizer().encode('<|endoftext|>')).toHaveLength(13)
})

test.each([
  [['<s>', '<s>'], '"<s>" is there twice'],
  [[''], '"" is empty'],
  [['a\ud800'], 'has a lone surrogate'],
  [['a'], '"a" is already a token'],
])('refuses the special tokens %j', (specialTokens, reason) => {
  expect(() => byteTokenizer({ specialTokens })).toThrow(
    expect.objectContaining({ code: 'invalid-special-token', message: expect.stringContaining(reason) }),
  )
})

test.each([-1, 256, 1.5, NaN, Infinity])('refuses the id %s', (id) => {
  const refused = expect.objectContaining({ code: 'token-out-of-range', message: expect.stringContaining(`got ${id}`) })
  expect(() => byteTokenizer().decode([97, id])).toThrow(refused)
  expect(() => byteTokenizer().tokenBytes(id)).toThrow(refused)
})

test('bytes that were given out are copies', () => {
  const tokenizer = byteTokenizer()
  tokenizer.tokenBytes(97).fill(0)
  expect(tokenizer.decode([97])).toBe('a')
})
