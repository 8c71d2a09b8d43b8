import { expect, test } from 'vitest'
import { globExpression } from './glob-expression.js'

const names = ['a.txt', 'data/a.txt', 'data/b.parquet', 'data/deep/c.parquet', 'data-2/d.parquet', 'x{1}.txt', 'a+b']

test.each([
  ['*.txt', ['a.txt', 'x{1}.txt']],
  ['data/*', ['data/a.txt', 'data/b.parquet']],
  ['data/**', ['data/a.txt', 'data/b.parquet', 'data/deep/c.parquet']],
  ['**/*.parquet', ['data/b.parquet', 'data/deep/c.parquet', 'data-2/d.parquet']],
  ['**/*.txt', ['a.txt', 'data/a.txt', 'x{1}.txt']],
  ['data*/[b-d].parquet', ['data/b.parquet', 'data-2/d.parquet']],
  ['data*/[!b].parquet', ['data-2/d.parquet']],
  ['?.txt', ['a.txt']],
  ['data/{a.txt,deep/*}', ['data/a.txt', 'data/deep/c.parquet']],
  ['data', ['data/a.txt', 'data/b.parquet', 'data/deep/c.parquet']],
  ['data/', ['data/a.txt', 'data/b.parquet', 'data/deep/c.parquet']],
  ['data/b.parquet', ['data/b.parquet']],
  ['a+b', ['a+b']],
  ['A.txt', []],
])('%s', (glob, matched) => {
  expect(names.filter((name) => globExpression(glob, 'test').test(name))).toEqual(matched)
})

test.each([
  ['{a,b', 'a { in it is not closed'],
  ['data/{a,{b,c}', 'a { in it is not closed'],
  ['[z-a]*', 'a range in its brackets runs backwards'],
])('refuses %s', (glob, reason) => {
  const message = `test: files: ${JSON.stringify(glob)} is no glob: ${reason}. Write it as in a shell`
  expect(() => globExpression(glob, 'test')).toThrow(
    expect.objectContaining({ code: 'invalid-argument', message: expect.stringContaining(message) }),
  )
})
