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
  ['other.json', '{"model":{"type":"Unigram"}}', 'unsupported-tokenizer', 'model.type must be "BPE", got "Unigram"'],
])('refuses %s with its path', async (name, contents, code, reason) => {
  const path = join(root, name)
  if (contents !== undefined) await writeFile(path, contents)
  await expect(readTokenizer(path)).rejects.toMatchObject({ code, message: expect.stringContaining(path) })
  await expect(readTokenizer(path)).rejects.toThrow(reason)
})

test('a folder cannot be read as a file', async () => {
  await expect(readTokenizer(root)).rejects.toMatchObject({ code: 'unreadable-file' })
})
