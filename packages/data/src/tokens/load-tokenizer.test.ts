import { describe, expect, test } from 'vitest'
import { byteTokenizer } from './byte-tokenizer.js'
import { loadTokenizer } from './load-tokenizer.js'
import { trainBpe } from './train-bpe.js'
import type { Tokenizer } from './tokenizer.js'

const text = 'the whale, the white whale: über 鯨 🐋 and the sea<|endoftext|>the end'
const specialTokens = ['<|endoftext|>', '<pad>']
const tokenizers: [string, Tokenizer][] = [
  ['byte', byteTokenizer()],
  ['byte with special tokens', byteTokenizer({ specialTokens })],
  ['bpe', trainBpe([text], { vocabSize: 300 })],
  ['bpe with special tokens', trainBpe([text], { vocabSize: 300, specialTokens })],
  ['bpe without merges', trainBpe(['x'], { vocabSize: 256 })],
]

test.each(tokenizers)('%s: saved and loaded, it is the same', (_, tokenizer) => {
  const loaded = loadTokenizer(JSON.parse(JSON.stringify(tokenizer)))
  expect([loaded.kind, loaded.vocabSize]).toEqual([tokenizer.kind, tokenizer.vocabSize])
  expect([...loaded.specialTokens]).toEqual([...tokenizer.specialTokens])
  expect([...loaded.encode(text)]).toEqual([...tokenizer.encode(text)])
  expect(loaded.decode(tokenizer.encode(text))).toBe(text)
  expect(loaded.toJSON()).toEqual(tokenizer.toJSON())
})

test('tokens that name properties of every object are kept', () => {
  const tokenizer = trainBpe(Array<string>(9).fill('constructor'), { vocabSize: 300, specialTokens: ['__proto__'] })
  const loaded = loadTokenizer(JSON.parse(JSON.stringify(tokenizer)))
  expect([...loaded.encode('constructor__proto__')]).toEqual([265, 266])
  expect(Object.keys(loaded.toJSON().model.vocab)).toContain('__proto__')
})

type Loose = Record<string, unknown>
interface LooseFile extends Loose {
  added_tokens: Loose[]
  pre_tokenizer: Loose | null
  decoder: Loose
  model: Loose & { vocab: Record<string, unknown>; merges: unknown[] }
}
type Edit = (json: LooseFile) => void

describe('forms of the Python package', () => {
  const edited = (edit: Edit): unknown => {
    const json = JSON.parse(JSON.stringify(trainBpe([text], { vocabSize: 300, specialTokens }))) as LooseFile
    edit(json)
    return json
  }
  const own = loadTokenizer(edited(() => undefined))
  const change =
    (step: 'pre_tokenizer' | 'decoder', key: string, value: unknown): Edit =>
    (json) =>
      (json[step] = { ...json[step], [key]: value })

  test.each<[string, Edit]>([
    ['merges as pairs', (json) => (json.model.merges = json.model.merges.map((merge) => String(merge).split(' ')))],
    ['special tokens in added_tokens alone', (json) => specialTokens.forEach((name) => delete json.model.vocab[name])],
    ['no model type, as in GPT-2’s own file', (json) => delete json.model.type],
    ['a byte-level post-processor', (json) => (json.post_processor = { type: 'ByteLevel', trim_offsets: false })],
    ['empty affixes', (json) => (json.model.continuing_subword_prefix = json.model.end_of_word_suffix = '')],
  ])('%s', (_, edit) => {
    const loaded = loadTokenizer(edited(edit))
    expect([...loaded.encode(text)]).toEqual([...own.encode(text)])
    expect(loaded.vocabSize).toBe(own.vocabSize)
  })

  test('special tokens with the first ids', () => {
    const json = edited(({ model, added_tokens: added }) => {
      for (const [token, id] of Object.entries(model.vocab)) model.vocab[token] = (Number(id) + 2) % own.vocabSize
      for (const token of added) token.id = model.vocab[String(token.content)]
    })
    const loaded = loadTokenizer(json)
    expect([...loaded.specialTokens.values()]).toEqual([0, 1])
    expect([...loaded.encode(text)]).toEqual([...own.encode(text)].map((id) => (id + 2) % own.vocabSize))
  })

  test.each<[string, Edit]>([
    ['another pre-tokenizer', (json) => (json.pre_tokenizer = { type: 'Metaspace' })],
    ['no pre-tokenizer', (json) => (json.pre_tokenizer = null)],
    ['a prefix space', change('pre_tokenizer', 'add_prefix_space', true)],
    ['no pattern', change('pre_tokenizer', 'use_regex', false)],
    ['a sequence of decoders', (json) => (json.decoder = { type: 'Sequence', decoders: [json.decoder] })],
    ['a normalizer', (json) => (json.normalizer = { type: 'NFC' })],
    ['a template', (json) => (json.post_processor = { type: 'TemplateProcessing', single: [], pair: [] })],
    ['truncation', (json) => (json.truncation = { max_length: 512 })],
    ['whole words first', (json) => (json.model.ignore_merges = true)],
    ['a missing byte', (json) => delete json.model.vocab['¼']],
    ['a gap in the ids', (json) => (json.model.vocab['¼'] = 5000)],
    ['special tokens that strip', (json) => (json.added_tokens[0]!.lstrip = true)],
    ['added tokens that are not special', (json) => (json.added_tokens[0]!.special = false)],
    ['a token of another alphabet', (json) => (json.model.vocab['▁the'] = 300)],
  ])('%s is left to the library', (_, edit) => {
    const json = edited(edit)
    const loaded = loadTokenizer(json)
    expect(loaded.kind).toBe('hugging-face')
    expect(loaded.toJSON()).toEqual(json)
  })

  test('an id that is left out has no bytes, and decoding passes it over as the Python package does', () => {
    const loaded = loadTokenizer(edited((json) => (json.model.vocab['¼'] = 5000)))
    expect(loaded.vocabSize).toBe(5001)
    expect([...loaded.tokenBytes(4999)]).toEqual([])
    expect([...loaded.tokenBytes(5000)]).toEqual([0xbc])
    expect(loaded.decode([...loaded.encode('the'), 4999, ...loaded.encode(' sea')])).toBe('the sea')
    expect(() => loaded.decode([5001])).toThrow('ids are whole numbers from 0 to 5000, got 5001')
    expect(() => loaded.tokenBytes(-1)).toThrow(expect.objectContaining({ code: 'token-out-of-range' }))
  })

  test('refuses a special token twice', () => {
    const twice = edited((json) => (json.added_tokens[1]!.content = json.added_tokens[0]!.content))
    expect(() => loadTokenizer(twice)).toThrow(expect.objectContaining({ code: 'invalid-special-token' }))
  })
})

test.each([[null], [7], ['{}'], [[]], [{}]])('refuses %j', (json) => {
  expect(() => loadTokenizer(json)).toThrow(expect.objectContaining({ code: 'unsupported-tokenizer' }))
})
