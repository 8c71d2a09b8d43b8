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
