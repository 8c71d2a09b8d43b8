// Before tests that start processes: all packages, in the form that a release has, and the programs of test/fixtures
// beside them, in a folder that is there for one run of the tests. What is built starts four times as fast as what is
// compiled when it starts.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join, resolve } from 'node:path'
import { build } from 'esbuild'
import type { TestProject } from 'vitest/node'
import { packageEntries, packageOutput } from './package-build.js'

declare module 'vitest' {
  interface ProvidedContext {
    /** Folder with the built packages, by name without scope. */
    builtPackages: string
  }
}

const root = resolve(import.meta.dirname, '..')

/** Builds the packages and tells the tests where. */
export default async function setup(project: TestProject): Promise<() => void> {
  const cache = join(root, 'node_modules', '.cache')
  mkdirSync(cache, { recursive: true })
  const scratch = mkdtempSync(join(cache, 'swat-tests-'))
  const scope = join(scratch, 'node_modules', '@swat-js')
  const sources = ['packages', 'apps'].flatMap((group) =>
    readdirSync(join(root, group)).map((name) => join(root, group, name)),
  )
  for (const source of sources) {
    const text = readFileSync(join(source, 'package.json'), 'utf8')
    const manifest = JSON.parse(text)
    if (manifest.private) continue
    const folder = join(scope, manifest.name.split('/')[1])
    await build({
      entryPoints: { ...packageEntries(manifest), ...programsOf(source) },
      outdir: join(folder, 'dist'),
      absWorkingDir: source,
      bundle: true,
      packages: 'external',
      ...packageOutput,
      logLevel: 'error',
    })
    writeFileSync(join(folder, 'package.json'), text)
    const own = join(source, 'node_modules')
    if (existsSync(own)) symlinkSync(own, join(folder, 'node_modules'))
  }
  project.provide('builtPackages', scope)
  return () => rmSync(scratch, { recursive: true })
}

function programsOf(source: string): Record<string, string> {
  const folder = join(source, 'test/fixtures')
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.ts')) : []
  return Object.fromEntries(names.map((name) => [name.slice(0, -'.ts'.length), join(folder, name)]))
}
