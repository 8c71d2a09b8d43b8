import fc from 'fast-check'
import { expect, test } from 'vitest'
import { byteTokenizer } from './byte-tokenizer.js'
import { packDocuments } from './pack-documents.js'
import { trainBpe } from './train-bpe.js'

const named = (...texts: string[]) => texts.map((text, index) => ({ text, name: `document ${index}` }))

test('tokens of all documents in a row, with their starts and bytes', () => {
  const stream = packDocuments(named('ab', '', 'ü'), byteTokenizer())
  expect(stream).toEqual({
    tokens: Uint16Array.of(0x61, 0x62, 0xc3, 0xbc),
    documentStarts: Uint32Array.of(0, 2, 2),
    byteLength: 4,
  })
})

test('an end-of-document token after each document adds no bytes', () => {
  const tokenizer = byteTokenizer({ specialTokens: ['<|endoftext|>'] })
  const endOfDocument = tokenizer.specialTokens.get('<|endoftext|>')!
  expect(packDocuments(named('ab', 'c'), tokenizer, { endOfDocument })).toEqual({
    tokens: Uint16Array.of(0x61, 0x62, 256, 0x63, 256),
    documentStarts: Uint32Array.of(0, 3),
    byteLength: 3,
  })
})

test('any texts: the bytes are those of UTF-8, and decoding gives the texts', () => {
  const tokenizer = trainBpe(['the whale the whale'], { vocabSize: 300 })
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 1 }), (texts) => {
      fc.pre(texts.join('') !== '')
      const { tokens, documentStarts, byteLength } = packDocuments(named(...texts), tokenizer)
      expect(byteLength).toBe(texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0))
      const pieces = texts.map((_, index) => tokens.subarray(documentStarts[index], documentStarts[index + 1]))
      expect(pieces.map(tokenizer.decode)).toEqual(texts)
    }),
  )
})

test('a lone surrogate counts the three bytes of U+FFFD', () => {
  expect(packDocuments(named('\ud83d', 'a\udc0b'), byteTokenizer()).byteLength).toBe(7)
})

test('ids beyond 16 bits are kept', () => {
  const specialTokens = Array.from({ length: 65_536 - 256 }, (_, index) => `<${index}>`)
  expect(packDocuments(named('<65279>'), byteTokenizer({ specialTokens })).tokens).toEqual(Uint16Array.of(65_535))
  const tokenizer = byteTokenizer({ specialTokens: [...specialTokens, '<more>'] })
  expect(packDocuments(named('<more>'), tokenizer).tokens).toEqual(Uint32Array.of(65_536))
})

test.each([[[]], [['', '']]])('refuses documents without text: %j', (texts) => {
  expect(() => packDocuments(named(...texts), byteTokenizer())).toThrow(expect.objectContaining({ code: 'empty-text' }))
})

test.each([-1, 256, 1.5])('refuses the end-of-document id %s', (endOfDocument) => {
  expect(() => packDocuments(named('a'), byteTokenizer(), { endOfDocument })).toThrow(
    `packDocuments: endOfDocument must be a whole number from 0 to 255, got ${endOfDocument}.`,
  )
})
