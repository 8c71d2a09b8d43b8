import { expect, it } from 'vitest'
import { withoutFunctionNames } from './without-function-names.js'

it.each([
  ['readDocuments: there is no file a.txt.', 'there is no file a.txt.'],
  ['a/b.safetensors: readSafetensors: cut short.', 'a/b.safetensors: cut short.'],
  ['run.yaml:2:1: training.batchSize: expected a number.', 'run.yaml:2:1: training.batchSize: expected a number.'],
])('%s', (message, expected) => {
  expect(withoutFunctionNames(message)).toBe(expected)
})
