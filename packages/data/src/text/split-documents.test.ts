import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Document } from './document.js'
import { splitDocuments } from './split-documents.js'

const named = (...texts: string[]): Document[] => texts.map((text, index) => ({ text, name: `document ${index}` }))
const joined = (documents: readonly Document[]): string => documents.map(({ text }) => text).join('')

describe('by position', () => {
  test('cuts at the share and moves to the next white space', () => {
    const { train, validation } = splitDocuments(named('one two three four'), { by: 'position', validationShare: 0.5 })
    expect([joined(train), joined(validation)]).toEqual(['one two three', ' four'])
  })

  test('text without white space is cut exactly', () => {
    const { train, validation } = splitDocuments(named('0123456789'), { by: 'position', validationShare: 0.25 })
    expect([joined(train), joined(validation)]).toEqual(['0123456', '789'])
  })

  test('never cuts a surrogate pair', () => {
    const { train, validation } = splitDocuments(named('🐋🐋🐋'), { by: 'position', validationShare: 0.5 })
    expect([joined(train), joined(validation)]).toEqual(['🐋🐋', '🐋'])
  })

  test('a cut in a document without white space moves to its end, except in the last one', () => {
    const { train, validation } = splitDocuments(named('aaaa', 'bbbb'), { by: 'position', validationShare: 0.75 })
    expect([train.map(({ text }) => text), validation.map(({ text }) => text)]).toEqual([['aaaa'], ['bbbb']])
    const last = splitDocuments(named('aaaa', 'bbbb', ''), { by: 'position', validationShare: 0.25 })
    expect([joined(last.train), joined(last.validation)]).toEqual(['aaaabb', 'bb'])
  })

  test('a document that is cut keeps its name on both sides', () => {
    const { train, validation } = splitDocuments(named('a b c d', 'e'), { by: 'position', validationShare: 0.5 })
    expect(train).toEqual([{ text: 'a b c', name: 'document 0' }])
    expect(validation).toEqual([
      { text: ' d', name: 'document 0' },
      { text: 'e', name: 'document 1' },
    ])
  })

  test('any text: nothing is lost, and the cut is at the share or a little later', () => {
    const texts = fc.array(fc.string({ unit: 'binary', maxLength: 40 }), { maxLength: 6 })
    fc.assert(
      fc.property(texts, fc.double({ min: 0.01, max: 0.99, noNaN: true }), (parts, validationShare) => {
        const documents = named(...parts)
        const whole = joined(documents)
        fc.pre(whole.length > 3 && Math.floor(whole.length * (1 - validationShare)) > 0)
        fc.pre(!/^[\uD800-\uDBFF][\uDC00-\uDFFF]$/.test(whole.slice(-2)))
        const { train, validation } = splitDocuments(documents, { by: 'position', validationShare })
        expect(joined(train) + joined(validation)).toBe(whole)
        expect(joined(train).length).toBeGreaterThanOrEqual(Math.floor(whole.length * (1 - validationShare)))
        for (const { text } of [...train, ...validation]) expect(text).not.toMatch(/\p{Surrogate}/u)
      }),
    )
  })
})

describe('by document', () => {
  const documents = named(...Array.from({ length: 40 }, (_, index) => 'x'.repeat(10 + index)))
  const options = { by: 'document', validationShare: 0.2 } as const

  test('whole documents in their order, until the share is reached', () => {
    const { train, validation } = splitDocuments(documents, { ...options, seed: 3 })
    const total = joined(documents).length
    expect(joined(validation).length / total).toBeGreaterThanOrEqual(0.2)
    expect(joined(validation).length / total).toBeLessThan(0.2 + 49 / total)
    for (const side of [train, validation]) expect(side).toEqual(documents.filter((one) => side.includes(one)))
    expect(new Set([...train, ...validation])).toEqual(new Set(documents))
    expect(train.length + validation.length).toBe(40)
  })

  test('the seed alone decides', () => {
    const choose = (seed?: number): string[] =>
      splitDocuments(documents, { ...options, ...(seed === undefined ? {} : { seed }) }).validation.map((d) => d.name)
    expect(choose(7)).toEqual(choose(7))
    expect(choose()).toEqual(choose(0))
    expect(new Set(Array.from({ length: 10 }, (_, seed) => choose(seed).join())).size).toBe(10)
  })

  test('a document always stays for training', () => {
    for (let seed = 0; seed < 10; seed++) {
      const unequal = named('a', 'b'.repeat(99))
      const { train, validation } = splitDocuments(unequal, { ...options, validationShare: 0.9, seed })
      expect([train.length, validation.length]).toEqual([1, 1])
    }
  })
})

describe('refuses', () => {
  test.each([0, 1, -0.1, 1.5, NaN])('validationShare %s', (validationShare) => {
    expect(() => splitDocuments(named('a b'), { by: 'position', validationShare })).toThrow(
      expect.objectContaining({ code: 'invalid-argument', message: expect.stringContaining(String(validationShare)) }),
    )
  })

  test('a seed that is no whole number', () => {
    expect(() => splitDocuments(named('a', 'b'), { by: 'document', validationShare: 0.5, seed: 0.5 })).toThrow(
      'splitDocuments: seed must be a whole number of at least 0, got 0.5.',
    )
  })

  test('too little text for two parts', () => {
    const tooShort = expect.objectContaining({ code: 'text-too-short' })
    expect(() => splitDocuments([], { by: 'position', validationShare: 0.5 })).toThrow(tooShort)
    expect(() => splitDocuments(named('a'), { by: 'position', validationShare: 0.5 })).toThrow(tooShort)
    expect(() => splitDocuments(named('one'), { by: 'document', validationShare: 0.5 })).toThrow("split by: 'position'")
    expect(() => splitDocuments(named('a', ''), { by: 'document', validationShare: 0.5 })).toThrow(tooShort)
  })
})
