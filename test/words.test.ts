// Words are checked like code: links lead somewhere, commands exist, nothing is left to fill in.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '..')
const pages = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], {
  cwd: root,
  encoding: 'utf8',
})
  .trim()
  .split('\n')
  .filter((path) => existsSync(join(root, path)))

describe.each(pages)('%s', (page) => {
  const text = readFileSync(join(root, page), 'utf8')

  it('links to files that exist', () => {
    const targets = [...text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map(([, target]) => target)
    const files = targets.filter((target) => !/^[a-z]+:/.test(target))
    expect(files.filter((file) => !existsSync(resolve(root, dirname(page), file)))).toEqual([])
  })

  it('names npm scripts that exist', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    const named = [...text.matchAll(/npm run (?:-s |--silent )?([a-z:-]+)/g)].map(([, script]) => script)
    expect(named.filter((script) => !(script in scripts))).toEqual([])
  })

  it('leaves nothing to fill in', () => {
    expect(text).not.toMatch(/@@|TODO|FIXME|lorem ipsum/i)
  })
})
