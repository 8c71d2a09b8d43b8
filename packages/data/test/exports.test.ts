import { readFileSync } from 'node:fs'
import * as main from '../src/index.js'
import * as node from '../src/node.js'
import { expect, test } from 'vitest'

test('the main entry exports these values', () => {
  expect(Object.keys(main).sort()).toEqual([
    'DataError',
    'byteTokenizer',
    'createTextDecoder',
    'loadTokenizer',
    'nextTokenBatches',
    'packDocuments',
    'splitDocuments',
    'trainBpe',
  ])
})

test('the node entry exports these values', () => {
  expect(Object.keys(node).sort()).toEqual(['readDocuments', 'readTokenizer', 'saveTokenizer'])
})

test('nothing that the main entry imports needs Node', () => {
  const seen = new Set<string>()
  const visit = (url: URL): void => {
    if (seen.has(url.href)) return
    seen.add(url.href)
    const code = readFileSync(url, 'utf8')
    expect(code, url.pathname).not.toMatch(/\b(Buffer|process|require|__dirname)\b/)
    for (const [, from] of code.matchAll(/\bfrom '([^']+)'/g)) {
      expect(from, url.pathname).toMatch(/^\.\.?\//)
      visit(new URL(from!.replace(/\.js$/, '.ts'), url))
    }
  }
  visit(new URL('../src/index.ts', import.meta.url))
  expect(seen.size).toBeGreaterThan(15)
})
