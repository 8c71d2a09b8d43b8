import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '..')
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'swat-reference-'))
  writeFileSync(join(folder, 'package.json'), '{ "name": "@swat-js/probe", "type": "module" }')
  writeFileSync(join(folder, 'tsconfig.json'), '{ "files": ["index.ts"] }')
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Documents one file under the settings of the site. */
function document(source: string): string {
  writeFileSync(join(folder, 'index.ts'), source)
  const options = join(folder, 'typedoc.json')
  const settings = {
    extends: [join(root, 'apps/docs/typedoc.json')],
    entryPoints: ['index.ts'],
    tsconfig: 'tsconfig.json',
    readme: 'none',
    emit: 'none',
    packagesRequiringDocumentation: ['@swat-js/probe'],
  }
  writeFileSync(options, JSON.stringify(settings))
  const typedoc = join(root, 'node_modules/.bin/typedoc')
  return execFileSync(typedoc, ['--options', options], { cwd: folder, encoding: 'utf8', stdio: 'pipe' })
}

describe('npm run docs', () => {
  it('accepts a documented export', () => {
    document('/** Twice a number. */\nexport const two = 2\n')
  })

  it('fails on an undocumented export, and on an undocumented member', () => {
    expect(() => document('export const two = 2\n')).toThrow(/two.*does not have any documentation/)
    expect(() => document('/** A pair. */\nexport interface Pair { left: number }\n')).toThrow(
      /Pair\.left.*does not have any documentation/,
    )
  })
})
