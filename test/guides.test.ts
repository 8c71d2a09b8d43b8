// The guides are run like code: programs print what the page says, excerpts are what the source says.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, inject, it } from 'vitest'

const root = resolve(import.meta.dirname, '..')
const pages = readdirSync(join(root, 'docs'))
  .filter((name) => name.endsWith('.md'))
  .map((name) => ({ name, text: readFileSync(join(root, 'docs', name), 'utf8') }))

/** Programs: ```js blocks that begin with an import, each with the ```text block that may follow. */
const programs = pages.flatMap((page) => {
  const blocks = page.text.matchAll(/^```js\n(import [\s\S]*?)^```\n(?:\n```text\n([\s\S]*?)^```\n)?/gm)
  return [...blocks].map(({ index, 1: code, 2: output }) => ({ place: placeOf(page, index), code, output }))
})

/** Excerpts: ```ts blocks, whose first line is a comment that names a file. */
const excerpts = pages.flatMap((page) => {
  const blocks = page.text.matchAll(/^```ts\n(?:\/\/ (.*)\n)?([\s\S]*?)^```\n/gm)
  return [...blocks].map(({ index, 1: file, 2: code }) => ({ place: placeOf(page, index), file, code }))
})

function placeOf({ name, text }: { name: string; text: string }, index: number): string {
  return `docs/${name}:${text.slice(0, index).split('\n').length}`
}

const scratch = mkdtempSync(join(inject('builtPackages'), 'guides-'))

/** Runs a program that imports the built packages, in the root of the repository. */
function run(code: string): string {
  const file = join(scratch, 'program.mjs')
  writeFileSync(file, code)
  return execFileSync(process.execPath, [file], { cwd: root, encoding: 'utf8', stdio: 'pipe' })
}

const withoutSpace = (code: string) => code.replace(/\s+/g, '')

it.each(programs)('$place: the program prints what the page says', ({ code, output }) => {
  const printed = run(code)
  expect(printed).not.toBe('')
  if (output !== undefined) expect(printed).toBe(output)
})

it.each(excerpts)('$place: the excerpt is in the file', ({ file, code }) => {
  expect(withoutSpace(readFileSync(join(root, file), 'utf8'))).toContain(withoutSpace(code))
})
