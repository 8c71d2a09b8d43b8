import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { byteTokenizer } from '../byte-tokenizer.js'
import { readTokenizer, saveTokenizer } from './tokenizer-file.js'
import { trainBpe } from '../train-bpe.js'

let root = ''
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'swat-tokenizer-'))
})
afterAll(() => rm(root, { recursive: true }))

test('saved, replaced and read; nothing is left aside', async () => {
  const path = join(root, 'new', 'folder', 'tokenizer.json')
  const trained = trainBpe(['the whale the whale'], { vocabSize: 300, specialTokens: ['<|endoftext|>'] })
  await saveTokenizer(path, byteTokenizer())
  await saveTokenizer(path, trained)
  expect(await readdir(join(root, 'new', 'folder'))).toEqual(['tokenizer.json'])
  expect(await readFile(path, 'utf8')).toBe(`${JSON.stringify(trained.toJSON(), null, 2)}\n`)
  expect((await readTokenizer(path)).toJSON()).toEqual(trained.toJSON())
})

test('a save that fails leaves no file behind and names the path', async () => {
  const path = join(root, 'taken')
  await mkdir(path)
  await writeFile(join(path, 'inside'), '')
  await expect(saveTokenizer(path, byteTokenizer())).rejects.toMatchObject({
    code: 'unreadable-file',
    message: expect.stringContaining(`saveTokenizer: ${path} cannot be written`),
  })
  expect((await readdir(root)).filter((name) => name.endsWith('.tmp'))).toEqual([])
})

test.each([
  ['missing.json', undefined, 'file-not-found', 'there is no file'],
  ['text.json', 'not json', 'invalid-json', 'readTokenizer'],
  ['other.json', '{"model":{"type":"WordLevel"}}', 'unsupported-tokenizer', 'got "WordLevel"'],
])('refuses %s with its path', async (name, contents, code, reason) => {
  const path = join(root, name)
  if (contents !== undefined) await writeFile(path, contents)
  await expect(readTokenizer(path)).rejects.toMatchObject({ code, message: expect.stringContaining(path) })
  await expect(readTokenizer(path)).rejects.toThrow(reason)
})

test('of a folder the tokenizer.json is read, or the files of GPT-2', async () => {
  const folder = join(root, 'model')
  const trained = trainBpe(['the whale the whale'], { vocabSize: 300, specialTokens: ['<|endoftext|>'] })
  const { vocab, merges } = trained.toJSON().model
  await mkdir(folder)
  await expect(readTokenizer(folder)).rejects.toMatchObject({
    code: 'file-not-found',
    message: expect.stringContaining('has neither tokenizer.json nor vocab.json with merges.txt'),
  })
  await writeFile(join(folder, 'vocab.json'), JSON.stringify(vocab))
  await writeFile(join(folder, 'merges.txt'), ['#version: 0.2', ...merges, ''].join('\n'))
  expect((await readTokenizer(folder)).toJSON()).toEqual(trained.toJSON())
  const [first, last] = [join(folder, 'vocab.json'), join(folder, 'merges.txt')]
  expect((await readTokenizer({ vocab: first, merges: last })).toJSON()).toEqual(trained.toJSON())
  await saveTokenizer(join(folder, 'tokenizer.json'), byteTokenizer())
  expect((await readTokenizer(folder)).kind).toBe('byte')
})

test('a byte order mark before the file is passed over', async () => {
  const path = join(root, 'mark.json')
  await writeFile(path, `\ufeff${JSON.stringify(byteTokenizer())}`)
  expect((await readTokenizer(path)).kind).toBe('byte')
})
