import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

it('nothing that the main entry imports needs Node', () => {
  const seen = new Set<string>()
  const visit = (url: URL): void => {
    if (seen.has(url.href)) return
    seen.add(url.href)
    const code = readFileSync(url, 'utf8')
    expect(code, url.pathname).not.toMatch(/\b(Buffer|require|__dirname)\b/)
    for (const [, from] of code.matchAll(/(?:\bfrom |\bimport\(|^import )'([^']+)'/gm)) {
      expect(from, url.pathname).toMatch(/^(\.\.?\/|@tensorflow\/)/)
      if (from.startsWith('.')) visit(new URL(from.replace(/\.js$/, '.ts'), url))
    }
  }
  visit(new URL('../src/index.ts', import.meta.url))
  expect(seen.size).toBeGreaterThan(40)
})
