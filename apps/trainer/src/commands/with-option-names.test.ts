import { DataError } from '@swat-js/data'
import { expect, test } from 'vitest'
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
