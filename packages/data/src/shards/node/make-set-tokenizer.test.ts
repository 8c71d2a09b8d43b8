import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadTokenizer } from '../../tokens/load-tokenizer.js'
import { saveTokenizer } from '../../tokens/node/tokenizer-file.js'
import { trainBpe } from '../../tokens/train-bpe.js'
import { readTokenizerFile } from './make-set-tokenizer.js'

const endOfDocument = '<|endoftext|>'
const trained = trainBpe(['the whale the whale'], { vocabSize: 300, specialTokens: [endOfDocument] })
let root = ''
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'swat-set-tokenizer-'))
})
afterAll(() => rm(root, { recursive: true }))

const read = async (name: string): Promise<Uint8Array> => readTokenizerFile(join(root, name), endOfDocument, 'test')

test('a file, and a folder that has it, give the bytes of the file', async () => {
  await saveTokenizer(join(root, 'model/tokenizer.json'), trained)
  const bytes = new Uint8Array(await readFile(join(root, 'model/tokenizer.json')))
  expect(new Uint8Array(await read('model/tokenizer.json'))).toEqual(bytes)
  expect(new Uint8Array(await read('model'))).toEqual(bytes)
})

test("a folder with GPT-2's files gives a tokenizer.json", async () => {
  const { vocab, merges } = trained.toJSON().model
  await mkdir(join(root, 'gpt2'))
  await writeFile(join(root, 'gpt2/vocab.json'), JSON.stringify(vocab))
  await writeFile(join(root, 'gpt2/merges.txt'), ['#version: 0.2', ...merges, ''].join('\n'))
  const json: unknown = JSON.parse(Buffer.from(await read('gpt2')).toString())
  expect(loadTokenizer(json).toJSON()).toEqual(trained.toJSON())
})

test('a byte order mark is taken off', async () => {
  await writeFile(join(root, 'mark.json'), `\ufeff${JSON.stringify(trained)}`)
  expect(Buffer.from(await read('mark.json')).toString()).toBe(JSON.stringify(trained))
})

test.each([
  [
    'llama.model',
    '\0\0',
    'unsupported-tokenizer',
    /^test: tokenizer .*llama\.model is a SentencePiece.*save_pretrained/,
  ],
  ['o200k.tiktoken', 'IQ== 0\n', 'unsupported-tokenizer', /is a list of tokens for tiktoken/],
  ['latin.json', Uint8Array.of(0x22, 0xe9, 0x22), 'invalid-utf8', /^test: tokenizer .*0xe9 at byte 1/],
  ['cut.json', '{"model":', 'invalid-json', /^test: tokenizer .*cut\.json: .*It must be whole JSON/],
  ['words.json', '{"model":{"type":"WordLevel"}}', 'unsupported-tokenizer', /^test: tokenizer .*got "WordLevel"/],
  ['none.json', null, 'file-not-found', /^test: tokenizer .*none\.json: there is no such file\. Give the path of/],
])('refuses %s', async (name, contents, code, message) => {
  if (contents !== null) await writeFile(join(root, name), contents)
  await expect(read(name)).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
})

test('a folder without a tokenizer, and one of SentencePiece', async () => {
  await mkdir(join(root, 'empty'))
  await expect(read('empty')).rejects.toMatchObject({
    code: 'file-not-found',
    message: expect.stringMatching(/^test: tokenizer the folder .*empty has neither tokenizer\.json nor/),
  })
  await mkdir(join(root, 'llama'))
  await writeFile(join(root, 'llama/tokenizer.model'), '')
  await expect(read('llama')).rejects.toThrow(/llama.tokenizer\.model is a SentencePiece model/)
})
