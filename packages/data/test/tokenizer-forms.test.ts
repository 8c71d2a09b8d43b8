import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createTextDecoder, loadTokenizer } from '../src/index.js'
import { describe, expect, test } from 'vitest'

interface Form {
  file: { model: Record<string, unknown> }
  ids: string[]
  decoded: string[]
  first: number[][]
}

const fixture = (name: string): string => readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8')
const { hardTexts, forms } = JSON.parse(fixture('tokenizer-forms.json')) as {
  hardTexts: string[]
  forms: Record<string, Form>
}
const { cases } = JSON.parse(fixture('hugging-face.json')) as { cases: { text: string | null }[] }
const written = cases.map(({ text }) => text).filter((text) => text !== null)
const lines = fixture('corpus.txt').match(/[^\n]*\n|[^\n]+$/g)!
const texts = [...written, ...hardTexts, ...lines]

const shortHash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 12)

describe.each(Object.entries(forms))('%s', (_, { file, ids, decoded, first }) => {
  const tokenizer = loadTokenizer(file)
  const encoded = texts.map((text) => [...tokenizer.encode(text)])

  test('has the ids of the Python package', () => {
    expect(texts.length).toBe(ids.length)
    expect(encoded.slice(written.length, written.length + hardTexts.length)).toEqual(first)
    const wrong = texts.filter((_text, index) => shortHash(encoded[index]!.join(' ')) !== ids[index])
    expect(wrong).toEqual([])
  })

  test('has the texts of the Python package', () => {
    const wrong = texts
      .map((text, index) => [text, tokenizer.decode(encoded[index]!)])
      .filter(([, text], index) => shortHash(text!) !== decoded[index])
    expect(wrong).toEqual([])
  })

  test('is the same after its toJSON', () => {
    const again = loadTokenizer(JSON.parse(JSON.stringify(tokenizer)))
    expect(again.toJSON()).toEqual(file)
    expect([again.kind, again.vocabSize]).toEqual(['hugging-face', tokenizer.vocabSize])
    expect([...again.specialTokens]).toEqual([...tokenizer.specialTokens])
    expect(texts.map((text) => [...again.encode(text)])).toEqual(encoded)
  })

  test('comes out token by token as it does at once, but for a space before the text', () => {
    const decoder = createTextDecoder(tokenizer)
    for (const [index, one] of encoded.entries()) {
      const streamed = one.map((id) => decoder.push(id)).join('') + decoder.flush()
      expect([streamed, streamed.replace(/^ /, '')], texts[index]).toContain(tokenizer.decode(one))
    }
  })
})
