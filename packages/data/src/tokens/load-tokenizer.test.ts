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

  test.each<[string, string, Edit]>([
    ['another model', 'model.type must be "BPE", got "WordPiece"', (json) => (json.model.type = 'WordPiece')],
    ['no model', 'model must be an object, got undefined', (json) => Reflect.deleteProperty(json, 'model')],
    ['no vocab', 'model.vocab must be an object, got undefined', (json) => Reflect.deleteProperty(json.model, 'vocab')],
    ['no merges', 'model.merges must be a list', (json) => Reflect.deleteProperty(json.model, 'merges')],
    ['another pre-tokenizer', 'pre_tokenizer.type must be', (json) => (json.pre_tokenizer = { type: 'Metaspace' })],
    ['no pre-tokenizer', 'pre_tokenizer must be an object, got null', (json) => (json.pre_tokenizer = null)],
    ['a prefix space', 'add_prefix_space must be false, got true', change('pre_tokenizer', 'add_prefix_space', true)],
    ['no pattern', 'use_regex must be true, got false', change('pre_tokenizer', 'use_regex', false)],
    ['another decoder', 'decoder.type must be "ByteLevel", got "BPEDecoder"', change('decoder', 'type', 'BPEDecoder')],
    ['a normalizer', 'normalizer must be null, got {"type":"NFC"}', (json) => (json.normalizer = { type: 'NFC' })],
    ['a template', 'post_processor.type must be "ByteLevel"', (json) => (json.post_processor = { type: 'Template' })],
    ['truncation', 'truncation must be null', (json) => (json.truncation = { max_length: 512 })],
    ['dropout', 'model.dropout must be null, got 0.1', (json) => (json.model.dropout = 0.1)],
    ['whole words first', 'model.ignore_merges must be null, got true', (json) => (json.model.ignore_merges = true)],
    ['a missing byte', 'no token for byte 97', (json) => delete json.model.vocab.a],
    ['a gap in the ids', 'the ids must be 0 to', (json) => (json.model.vocab.a = 5000)],
    ['an id twice', 'the ids must be 0 to', (json) => (json.model.vocab.a = json.model.vocab.b)],
    ['an id that is text', 'gives "a" the id "7"', (json) => (json.model.vocab.a = '7')],
    ['a token of another alphabet', '"▁the" in model.vocab is not written', (json) => (json.model.vocab['▁the'] = 300)],
    ['a merge of unknown tokens', 'needs the token "zzz"', (json) => json.model.merges.push('zzz a')],
    ['a merge of three', 'model.merges[0] must be', (json) => (json.model.merges[0] = 'a b c')],
    ['special tokens that strip', 'lstrip must be false', (json) => (json.added_tokens[0]!.lstrip = true)],
    ['added tokens that are not special', 'special must be true', (json) => (json.added_tokens[0]!.special = false)],
    ['a special token without id', 'must have content', (json) => delete json.added_tokens[0]!.id],
  ])('refuses %s', (_, reason, edit) => {
    expect(() => loadTokenizer(edited(edit))).toThrow(
      expect.objectContaining({ code: 'unsupported-tokenizer', message: expect.stringContaining(reason) }),
    )
  })

  test('refuses a special token twice', () => {
    const twice = edited((json) => (json.added_tokens[1]!.content = json.added_tokens[0]!.content))
    expect(() => loadTokenizer(twice)).toThrow(expect.objectContaining({ code: 'invalid-special-token' }))
  })
})

test.each([[null], [7], ['{}'], [[]], [{}]])('refuses %j', (json) => {
  expect(() => loadTokenizer(json)).toThrow(expect.objectContaining({ code: 'unsupported-tokenizer' }))
})
