import fc from 'fast-check'
import { expect, test } from 'vitest'
import { WordTable } from './word-table.js'

/** The number of a word, added if it is new. */
function numberOf(table: WordTable, word: string): number {
  const text = `<${word}>`
  const found = table.find(text, 1, 1 + word.length)
  return found >= 0 ? found : table.add(found, text, 1, 1 + word.length)
}

test('numbers words as they come, as a map would', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 999 }), { maxLength: 2_000 }), (choices) => {
      const words = choices.map((choice) => String.fromCharCode(...new Array<number>(choice % 4).fill(choice * 64)))
      const table = new WordTable()
      const expected = new Map<string, number>()
      const numbers = words.map((word) => {
        if (!expected.has(word)) expected.set(word, expected.size)
        return expected.get(word)
      })
      expect(words.map((word) => numberOf(table, word))).toEqual(numbers)
      expect(Array.from({ length: table.size }, (_, number) => table.word(number))).toEqual([...expected.keys()])
    }),
    { numRuns: 30 },
  )
})

test('grows to many words, forgets them and starts again', () => {
  const table = new WordTable()
  const words = Array.from({ length: 20_000 }, (_, index) => `word ${index}`)
  for (let round = 0; round < 2; round++) {
    expect(words.map((word) => numberOf(table, word))).toEqual(words.map((_, index) => index))
    expect(words.map((word) => numberOf(table, word))).toEqual(words.map((_, index) => index))
    expect(table.word(12_345)).toBe('word 12345')
    table.clear()
    expect(table.size).toBe(0)
  }
})

test('a word may be long', () => {
  const table = new WordTable()
  const long = '鯨'.repeat(100_000)
  expect(numberOf(table, long)).toBe(0)
  expect(numberOf(table, `${long}!`)).toBe(1)
  expect(table.word(0)).toBe(long)
})
