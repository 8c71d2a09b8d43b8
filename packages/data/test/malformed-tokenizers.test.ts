import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type DataError, trainBpe } from '../src/index.js'
import { readTokenizer } from '../src/node.js'
import { afterAll, beforeAll, expect, test } from 'vitest'

interface File {
  added_tokens: Record<string, unknown>[]
  pre_tokenizer: unknown
  decoder: unknown
  normalizer: unknown
  model: Record<string, unknown> & { vocab: Record<string, unknown>; merges: unknown[] }
}

const whole = JSON.stringify(
  trainBpe(['the whale, the white whale'], { vocabSize: 270, specialTokens: ['<|endoftext|>', '<pad>'] }),
)
const edited = (edit: (file: File) => unknown): string => {
  const file = JSON.parse(whole) as File
  edit(file)
  return JSON.stringify(file)
}
const unigram = (model: object) => (file: File) => Object.assign(file, { model: { type: 'Unigram', ...model } })

let root = ''
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'swat-malformed-'))
})
afterAll(() => rm(root, { recursive: true }))

const cases: [name: string, contents: string | Uint8Array, code: DataError['code'], reason: string][] = [
  ['empty', '', 'invalid-json', 'must be whole JSON'],
  ['not JSON', 'vocab: 7', 'invalid-json', 'must be whole JSON'],
  ['cut off', whole.slice(0, -100), 'invalid-json', 'must be whole JSON'],
  ['NUL bytes', new Uint8Array(100), 'invalid-json', 'must be whole JSON'],
  ['JSON, then NUL bytes', `${whole}\0\0`, 'invalid-json', 'must be whole JSON'],
  ['not UTF-8', Uint8Array.of(0x7b, 0x22, 0xff), 'invalid-utf8', '0xff at byte 2'],
  ['a list', '[]', 'unsupported-tokenizer', 'the file must be an object, got a list'],
  ['a vocab.json', '{"a":0,"b":1}', 'unsupported-tokenizer', 'model must be an object, got undefined'],
  [
    'no vocabulary',
    edited(({ model }) => Reflect.deleteProperty(model, 'vocab')),
    'unsupported-tokenizer',
    'model.vocab',
  ],
  ['an empty vocabulary', '{"model":{"type":"BPE","vocab":{},"merges":[]}}', 'unsupported-tokenizer', 'no tokens'],
  ['an unknown model', edited(({ model }) => (model.type = 'WordLevel')), 'unsupported-tokenizer', 'got "WordLevel"'],
  [
    'no merges',
    edited(({ model }) => Reflect.deleteProperty(model, 'merges')),
    'unsupported-tokenizer',
    'model.merges',
  ],
  [
    'merges of unknown tokens',
    edited(({ model }) => model.merges.push('x yz')),
    'unsupported-tokenizer',
    'needs the token "yz"',
  ],
  [
    'merges to unknown tokens',
    edited(({ model }) => model.merges.push('x y')),
    'unsupported-tokenizer',
    'needs the token "xy"',
  ],
  ['a merge of one', edited(({ model }) => model.merges.push('x')), 'unsupported-tokenizer', 'must be "left right"'],
  ['an id twice', edited(({ model }) => (model.vocab.a = 5)), 'unsupported-tokenizer', 'the id 5 belongs to'],
  ['a negative id', edited(({ model }) => (model.vocab.a = -1)), 'unsupported-tokenizer', 'gives "a" the id -1'],
  ['half an id', edited(({ model }) => (model.vocab.a = 0.5)), 'unsupported-tokenizer', 'gives "a" the id 0.5'],
  ['an id as text', edited(({ model }) => (model.vocab.a = '7')), 'unsupported-tokenizer', 'gives "a" the id "7"'],
  ['a huge id', edited(({ model }) => (model.vocab.a = 2 ** 31)), 'unsupported-tokenizer', 'from 0 to 16777215'],
  [
    'a huge id of an added token',
    edited((file) => (file.added_tokens[0]!.id = 1e15)),
    'unsupported-tokenizer',
    'added_tokens[0] has the id 1000000000000000',
  ],
  [
    'an added token with another id than in the vocabulary',
    edited((file) => (file.added_tokens[0]!.id = 999)),
    'unsupported-tokenizer',
    'in model.vocab and 999 in added_tokens',
  ],
  [
    'an added token with the id of another',
    edited((file) => file.added_tokens.push({ id: 5, content: '<x>' })),
    'unsupported-tokenizer',
    'the id 5 belongs to "&" and to "<x>"',
  ],
  [
    'an added token twice',
    edited((file) => file.added_tokens.push(file.added_tokens[0]!)),
    'invalid-special-token',
    'twice',
  ],
  ['an empty added token', edited((file) => (file.added_tokens[0]!.content = '')), 'invalid-special-token', 'is empty'],
  [
    'added tokens that are texts',
    edited((file) => Object.assign(file, { added_tokens: ['<s>'] })),
    'unsupported-tokenizer',
    'added_tokens[0]',
  ],
  [
    'lstrip that is a number',
    edited((file) => (file.added_tokens[0]!.lstrip = 1)),
    'unsupported-tokenizer',
    'added_tokens[0].lstrip',
  ],
  [
    'single_word',
    edited((file) => (file.added_tokens[0]!.single_word = true)),
    'unsupported-tokenizer',
    'has single_word',
  ],
  ['no decoder', edited((file) => (file.decoder = null)), 'unsupported-tokenizer', 'decoder must be an object'],
  [
    'another decoder',
    edited((file) => (file.decoder = { type: 'CTC' })),
    'unsupported-tokenizer',
    'decoder is {"type":"CTC"}',
  ],
  [
    'another normalizer',
    edited((file) => (file.normalizer = { type: 'Nmt' })),
    'unsupported-tokenizer',
    'normalizer.type is "Nmt"',
  ],
  [
    'a normalizer that the library only approximates',
    edited((file) => (file.normalizer = { type: 'Precompiled', precompiled_charsmap: '' })),
    'unsupported-tokenizer',
    'normalizer.type is "Precompiled"',
  ],
  [
    'another pre-tokenizer in a sequence',
    edited((file) => (file.pre_tokenizer = { type: 'Sequence', pretokenizers: [{ type: 'UnicodeScripts' }] })),
    'unsupported-tokenizer',
    'pre_tokenizer.pretokenizers[0] is {"type":"UnicodeScripts"}',
  ],
  [
    'a pattern that does not compile',
    edited((file) => {
      file.pre_tokenizer = { type: 'Split', pattern: { Regex: '(' }, behavior: 'Isolated', invert: false }
    }),
    'unsupported-tokenizer',
    '@huggingface/tokenizers refuses it',
  ],
  [
    'a split that merges',
    edited((file) => {
      file.pre_tokenizer = { type: 'Split', pattern: { Regex: 'a+' }, behavior: 'MergedWithNext', invert: false }
    }),
    'unsupported-tokenizer',
    'MergedWithNext',
  ],
  ['dropout', edited(({ model }) => (model.dropout = 0.1)), 'unsupported-tokenizer', 'model.dropout is 0.1'],
  [
    'a suffix',
    edited(({ model }) => (model.end_of_word_suffix = '</w>')),
    'unsupported-tokenizer',
    'end_of_word_suffix',
  ],
  [
    'an unknown token that is not there',
    edited(({ model }) => Object.assign(model, { unk_token: '<unk>', byte_fallback: true })),
    'unsupported-tokenizer',
    '"<unk>"',
  ],
  ['scores without tokens', edited(unigram({ vocab: [[1, 2]], unk_id: 0 })), 'unsupported-tokenizer', 'model.vocab[0]'],
  ['a token twice', edited(unigram({ vocab: [['a', 0], ['a', 1]], unk_id: 0 })), 'unsupported-tokenizer', '"a" twice'], // prettier-ignore
  [
    'an unknown token outside the vocabulary',
    edited((file) => unigram({ vocab: [['a', 0]], unk_id: 1 })(Object.assign(file, { added_tokens: [] }))),
    'unsupported-tokenizer',
    'model.unk_id is 1',
  ],
]

test.each(cases)('%s', async (name, contents, code, reason) => {
  const path = join(root, `${name}.json`)
  await writeFile(path, contents)
  await expect(readTokenizer(path)).rejects.toMatchObject({
    name: 'DataError',
    code,
    message: expect.stringContaining(reason),
  })
  await expect(readTokenizer(path)).rejects.toThrow(path)
})

test.each(['tokenizer.model', 'spiece.model', 'qwen.tiktoken'])(
  '%s is refused with the way to convert it',
  async (name) => {
    const path = join(root, name)
    await writeFile(path, Uint8Array.of(0x0a, 0x0e, 0x0a, 0x05))
    const refused = {
      code: 'unsupported-tokenizer',
      message: expect.stringMatching(/tokenizer\.json.*save_pretrained/),
    }
    await expect(readTokenizer(path)).rejects.toMatchObject(refused)
  },
)

test('a folder with a SentencePiece model alone says so', async () => {
  const folder = join(root, 'folder')
  await mkdir(folder)
  await expect(readTokenizer(folder)).rejects.toMatchObject({ code: 'file-not-found' })
  await writeFile(join(folder, 'tokenizer.model'), '')
  await expect(readTokenizer(folder)).rejects.toThrow('is a SentencePiece model')
})

test('files of GPT-2 that do not fit together', async () => {
  const [vocab, merges] = [join(root, 'vocab.json'), join(root, 'merges.txt')]
  const { model } = JSON.parse(whole) as File
  for (const [ids, pairs, reason] of [
    [model.vocab, 'x yz', 'needs the token "yz"'],
    [[], '', 'vocab must be an object'],
    [{ ...model.vocab, 'the</w>': 270 }, '', 'end in </w>'],
    [model.vocab, 'x\n', 'must be "left right"'],
  ] as const) {
    await writeFile(vocab, JSON.stringify(ids))
    await writeFile(merges, pairs)
    const refused = { code: 'unsupported-tokenizer', message: expect.stringContaining(reason) }
    await expect(readTokenizer({ vocab, merges })).rejects.toMatchObject(refused)
  }
  await expect(readTokenizer({ vocab, merges: join(root, 'nowhere') })).rejects.toMatchObject({
    code: 'file-not-found',
  })
})

test('a loop of links is no file', async () => {
  const path = join(root, 'loop.json')
  await symlink(path, path)
  await expect(readTokenizer(path)).rejects.toMatchObject({ code: 'unreadable-file' })
})
