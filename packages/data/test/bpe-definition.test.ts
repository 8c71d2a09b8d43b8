import fc from 'fast-check'
import { expect, test } from 'vitest'
import { alphabetBytes, bytesToAlphabet } from '../src/tokens/byte-alphabet.js'
import { trainBpe } from '../src/tokens/train-bpe.js'
import { wordPattern } from '../src/tokens/word-pattern.js'

type Pair = readonly [string, string]

const spell = (word: string): string[] => [...bytesToAlphabet(new TextEncoder().encode(word))]
const wordsOf = (text: string): string[] => text.match(wordPattern) ?? []

function mergePair(symbols: readonly string[], [left, right]: Pair): string[] {
  const merged: string[] = []
  for (let index = 0; index < symbols.length; index++) {
    const isPair = symbols[index] === left && symbols[index + 1] === right
    merged.push(isPair ? left + right : symbols[index]!)
    if (isPair) index++
  }
  return merged
}

/** BPE as its definition says: count every pair anew before each merge. */
function naiveMerges(texts: readonly string[], vocabSize: number, minFrequency: number): Pair[] {
  let words = texts.flatMap(wordsOf).map(spell)
  const idOf = new Map(alphabetBytes.map((byte, id) => [bytesToAlphabet(Uint8Array.of(byte)), id]))
  const merges: Pair[] = []
  while (idOf.size < vocabSize) {
    const counts = new Map<string, { pair: Pair; count: number }>()
    for (const symbols of words) {
      for (let index = 0; index + 1 < symbols.length; index++) {
        const pair = [symbols[index]!, symbols[index + 1]!] as const
        const entry = counts.get(pair.join(' ')) ?? { pair, count: 0 }
        counts.set(pair.join(' '), { pair, count: entry.count + 1 })
      }
    }
    const [best] = [...counts.values()].sort(
      (one, other) =>
        other.count - one.count ||
        idOf.get(one.pair[0])! - idOf.get(other.pair[0])! ||
        idOf.get(one.pair[1])! - idOf.get(other.pair[1])!,
    )
    if (best === undefined || best.count < minFrequency) break
    merges.push(best.pair)
    const name = best.pair.join('')
    if (!idOf.has(name)) idOf.set(name, idOf.size)
    words = words.map((symbols) => mergePair(symbols, best.pair))
  }
  return merges
}

const repetitive = fc.string({ unit: fc.constantFrom('a', 'b', 'c', ' ', 'é', '🐋'), maxLength: 60 })

test('training finds the merges that counting anew finds', () => {
  const texts = fc.array(repetitive, { minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(texts, fc.integer({ min: 256, max: 300 }), fc.integer({ min: 1, max: 4 }), (some, vocabSize, least) => {
      fc.pre(some.join('') !== '')
      const tokenizer = trainBpe(some, { vocabSize, minFrequency: least })
      expect(tokenizer.toJSON().model.merges).toEqual(naiveMerges(some, vocabSize, least).map((pair) => pair.join(' ')))
    }),
    { numRuns: 300 },
  )
})

test('encoding merges as the definition says: the earliest merge first, everywhere in the word', () => {
  fc.assert(
    fc.property(repetitive, repetitive, (learned, text) => {
      fc.pre(learned !== '')
      const tokenizer = trainBpe([learned], { vocabSize: 290 })
      const { vocab, merges } = tokenizer.toJSON().model
      const pairs = merges.map((merge) => merge.split(' ') as [string, string])
      const expected = wordsOf(text)
        .map((word) => pairs.reduce(mergePair, spell(word)))
        .flatMap((symbols) => symbols.map((symbol) => vocab[symbol]))
      expect([...tokenizer.encode(text)]).toEqual(expected)
    }),
    { numRuns: 300 },
  )
})
