import fc from 'fast-check'
import { expect, test } from 'vitest'
import { wordPattern } from './word-pattern.js'
import { wordScanner } from './word-scanner.js'

const scan = wordScanner()

function scannedWords(text: string): string[] {
  const words: string[] = []
  for (let start = 0; start < text.length;) {
    const end = scan(text, start)
    words.push(text.slice(start, end))
    start = end
  }
  return words
}

const patternWords = (text: string): string[] => text.match(wordPattern) ?? []

test('every character, alone and between others, is cut as the pattern cuts it', () => {
  for (let point = 0; point <= 0x10ffff; point += 1) {
    const character = String.fromCodePoint(point)
    const text =
      point < 0x3000 ? `${character} ${character}${character}a${character}1 .${character} ` : `${character}a `
    const [scanned, expected] = [scannedWords(text), patternWords(text)]
    if (scanned.join('|') !== expected.join('|')) expect([point, scanned]).toEqual([point, expected])
  }
})

const pieces = fc.oneof(
  fc.constantFrom(
    ...[' ', '  ', '\n', '\t', '\u00a0', '\u0085', '\ufeff', '\u2028', "'", '’', "'s", "'re", "'l", "'ll", "'v", "'D"],
    ...[
      'a',
      'é',
      'e\u0301',
      '鯨',
      '𝒜',
      '1',
      '²',
      'Ⅷ',
      '𝟙',
      '🐋',
      '👩‍👩‍👧',
      '.',
      '_',
      '\0',
      '\ud800',
      '\udc0b',
      '\u200b',
      '\u3000',
    ],
  ),
  fc.string({ unit: 'binary', maxLength: 4 }),
  fc.string({ unit: 'grapheme', maxLength: 4 }),
  fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)), // lone surrogates too
)

test('any text is cut as the pattern cuts it', () => {
  const text = fc.array(pieces, { maxLength: 40 }).map((some) => some.join(''))
  fc.assert(
    fc.property(text, (some) => {
      expect(scannedWords(some)).toEqual(patternWords(some))
    }),
    { numRuns: 5_000 },
  )
})
