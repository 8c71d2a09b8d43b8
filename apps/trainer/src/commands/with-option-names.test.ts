import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { byteTokenizer, DataError } from '@swat-js/data'
import { prepareShards, readDocuments, type DocumentSource, type PrepareOptions } from '@swat-js/data/node'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { withOptionNames } from './with-option-names.js'

test.each([
  [
    "the fields are: body. Choose one with textField, or pass over such records with missingText: 'skip'.",
    'the fields are: body. Choose one with --text-field, or pass over such records with --missing-text skip.',
  ],
  ["give format: 'lines' or 'paragraphs'.", 'give --format lines or paragraphs.'],
  ["no array at recordsPath 'a.b'", "no array at --records-path 'a.b'"],
  ['Begin anew with restart.', 'Begin anew with --restart.'],
  ["bytes with invalidText: 'replace'.", 'bytes with --invalid-text replace.'],
  [
    'If the records are in an array below, name it with recordsPath.',
    'If the records are in an array below, name it with --records-path.',
  ],
  [
    'prepareShards: tokenizer.vocabSize must be a whole number of at least 256, got 100.',
    'prepareShards: --vocab-size must be a whole number of at least 256, got 100.',
  ],
  ["x: recordsPath is for json, but format is 'csv'.", "x: --records-path is for json, but --format is 'csv'."],
  ['(tokenizer.vocabSize (was 300, now 270))', '(--vocab-size (was 300, now 270))'],
  ['trainBpeFrom: vocabSize must be a whole number', 'trainBpeFrom: --vocab-size must be a whole number'],
  [
    "endOfDocument: the tokenizer a.json has no special token 'x'; it has y. Choose one of these, or null for none.",
    "--end-of-document: the tokenizer a.json has no special token 'x'; it has y. Choose one of these, or none with " +
      '--no-end-of-document.',
  ],
  [
    'there is no module ./a.js in b. Check the path, or give resolveFrom.',
    'there is no module ./a.js in b. Check the path.',
  ],
  ['Give the path of a tokenizer.json; saveTokenizer writes one.', 'Give the path of a tokenizer.json.'],
  ['needs an access token, which token gives.', 'needs an access token, which --token or HF_TOKEN gives.'],
  [
    'Its files are: a. Choose with files, or give a format.',
    'Its files are: a. Choose with --hub-files, or give a --format.',
  ],
  ['openSource: files: "{a" is no glob', 'openSource: --hub-files: "{a" is no glob'],
  ['by a glob, or give their format.', 'by a glob, or give their --format.'],
  ["Give other shares, or split by: 'position'.", 'Give other shares, or take --split position:0.1.'],
])('%s', (message, expected) => {
  const error = new DataError('missing-field', message)
  expect(withOptionNames(error)).toMatchObject({ name: 'DataError', code: 'missing-field', message: expected })
  expect((withOptionNames(error) as Error).cause).toBe(error)
})

test('other words and other errors stay as they are', () => {
  const named = new DataError('missing-field', "textField.jsonl has no column 'restart'")
  expect(withOptionNames(named)).toBe(named)
  const other = new Error('Choose one with textField')
  expect(withOptionNames(other)).toBe(other)
})

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'swat-option-names-'))
  await writeFile(join(folder, 'a.txt'), 'Call me.')
  await writeFile(join(folder, 'latin.txt'), Buffer.from([0x41, 0xe9, 0x42]))
  await writeFile(join(folder, 'rows.jsonl'), '{"body":"x"}')
  await writeFile(join(folder, 'below.json'), '{"version":1,"rows":[{"text":"x"}]}')
  await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(byteTokenizer().toJSON()))
})
afterAll(() => rm(folder, { recursive: true }))

const reading = (name: string, options: object = {}) =>
  readDocuments({ path: join(folder, name), ...options } as DocumentSource)
const preparing = (options: Partial<PrepareOptions>) =>
  prepareShards({
    ...{
      folder: join(folder, 'set'),
      source: { path: join(folder, 'a.txt') },
      tokenizer: { type: 'byte' },
      workers: 0,
    },
    ...options,
  })

// What the library says is what is looked for: an error that it words otherwise comes without an option of the command.
test.each<[string, () => Promise<unknown>, string]>([
  [
    'a field',
    () => reading('rows.jsonl'),
    'Choose one with --text-field, or pass over such records with --missing-text',
  ],
  ['an array', () => reading('below.json'), 'name it with --records-path'],
  ['an array at a path', () => reading('below.json', { recordsPath: 'x' }), "at --records-path 'x'"],
  ['a path in lines', () => reading('a.txt', { format: 'lines', recordsPath: 'x' }), "but --format is 'lines'"],
  ['bytes', () => reading('latin.txt'), 'with --invalid-text replace'],
  ['a format', () => reading('', { format: 'tsv' }), 'or give their --format.'],
  ['a module', () => readDocuments({ module: './none.js', resolveFrom: folder }), 'Check the path.'],
  ['a size', () => preparing({ tokenizer: { type: 'bpe', vocabSize: 100 } }), '--vocab-size must be'],
  ['a share', () => preparing({ tokenizer: { type: 'bpe', vocabSize: 300, sampleShare: 2 } }), '--tokenizer-sample'],
  [
    'a token',
    () => preparing({ tokenizer: { file: join(folder, 'tokenizer.json') } }),
    'none with --no-end-of-document',
  ],
  ['a split', () => preparing({ split: { by: 'document', shares: [8, 1, 1] } }), 'take --split position:0.1'],
  ['a folder', () => preparing({ folder }), 'Choose a new or an empty folder'],
])('an error of the library about %s', async (_, work, expected) => {
  const error: unknown = await work().catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(DataError)
  const { message } = withOptionNames(error) as Error
  expect(message).toContain(expected)
  expect(message).not.toMatch(/textField|recordsPath|missingText|invalidText|vocabSize|sampleShare|resolveFrom|or null/)
})
