import { expect, test } from 'vitest'
import { valueAt } from './field-path.js'

test.each([
  ['a', { a: 1 }, 1],
  ['a.b', { a: { b: 1 } }, 1],
  ['a.b', { 'a.b': 2, a: { b: 1 } }, 2],
  ['messages[1].content', { messages: [{ content: 'x' }, { content: 'y' }] }, 'y'],
  ['messages.1.content', { messages: [{ content: 'x' }, { content: 'y' }] }, 'y'],
  ['m[0][1]', { m: [[1, 2]] }, 2],
  ['[0]', ['x'], undefined],
  ['a[0]', { 'a[0]': 5, a: [1] }, 5],
  ['a.b', { a: null }, undefined],
  ['a.b', { a: 'text' }, undefined],
  ['a.length', { a: [1, 2] }, 2],
  ['a.toString', { a: {} }, undefined],
  ['__proto__', {}, undefined],
  ['a.b', 7, undefined],
])('%s of %j', (path, record, value) => {
  expect(valueAt(record, path)).toEqual(value)
})
