// Packages run in browsers: nothing that a main entry reaches, file by file, may need Node.
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, it } from 'vitest'

const packages = resolve(import.meta.dirname, '../packages')

it.each(readdirSync(packages))('%s: nothing that the main entry imports needs Node', (name) => {
  const manifest = JSON.parse(readFileSync(resolve(packages, name, 'package.json'), 'utf8'))
  const dependencies: string[] = Object.keys(manifest.dependencies)
  const seen = new Set<string>()
  const visit = (url: URL): void => {
    if (seen.has(url.href)) return
    seen.add(url.href)
    const code = readFileSync(url, 'utf8')
    expect(code, url.pathname).not.toMatch(/\b(Buffer|require|__dirname)\b/)
    for (const [, from] of code.matchAll(/(?:\bfrom |\bimport\(|^import )'([^']+)'/gm)) {
      const source = new URL(from.replace(/\.js$/, '.ts'), url)
      if (!from.startsWith('.')) expect(dependencies, url.pathname).toContain(from)
      else if (existsSync(source)) visit(source)
      else expect.fail(`${url.pathname} imports ${from}, which is not there`)
    }
  }
  visit(pathToFileURL(resolve(packages, name, 'src/index.ts')))
  const files = readdirSync(resolve(packages, name, 'src'), { recursive: true }).map(String)
  const sources = files.filter((file) => file.endsWith('.ts') && !/\.test\.ts$|assembly|testing|node/.test(file))
  expect(seen.size).toBeGreaterThan(sources.length / 2)
})
