// The README example of @swat-js/swat-attention in real Chromium, bundled as users do: the same numbers as in Node.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expectClose } from '@swat-js/tensor-core/testing'
import { build } from 'vite'
import { beforeAll, describe, expect, it } from 'vitest'
import { bundle } from './bundle.js'
import { findChromium } from './find-chromium.js'
import { openPage } from './open-page.js'
import { wasmBinaries } from './serve.js'

type Files = ReadonlyMap<string, Uint8Array | string>

const folder = resolve(import.meta.dirname, '../../packages/swat-attention')
const [, code] = readFileSync(resolve(folder, 'README.md'), 'utf8').match(/```js\n([\s\S]*?)```/) ?? ['', '']
const example = code.replace('useEngine()', "useEngine({ backend: 'wasm' })") // on a machine with a GPU too
const { missing } = findChromium()

describe.skipIf(missing !== null)(`the README example in Chromium${missing ? ` (skipped: ${missing})` : ''}`, () => {
  let inNode: string[]
  beforeAll(() => {
    const flags = ['--conditions=@swat-js/source', '--import', 'tsx', '--input-type=module', '--eval', example]
    inNode = execFileSync(process.execPath, flags, { cwd: folder, encoding: 'utf8' }).trim().split('\n')
    expect(inNode.length).toBeGreaterThan(2)
  })

  it('bundled by esbuild, binaries beside the page', async () => {
    const files = await bundle({ code: example, folder })
    report('esbuild', files)
    expectSameLines(await printedBy('main.js', new Map([...files, ...wasmBinaries])), inNode)
  })

  it('bundled by Vite, which finds the binaries itself', async () => {
    const files = await bundleWithVite()
    report('Vite', files)
    expectSameLines(await printedBy('main.js', files), inNode)
  })
})

/** What a page prints until a module has run. */
async function printedBy(entry: string, files: Files): Promise<string[]> {
  const { page, close } = await openPage(files)
  const lines: string[] = []
  page.on('console', (message) => message.type() === 'log' && lines.push(...message.text().split('\n')))
  try {
    await page.evaluate(`import('/${entry}').then(() => null)`)
  } finally {
    await close()
  }
  return lines
}

/** The same words, and the same numbers to what float32 gives. */
function expectSameLines(actual: string[], expected: string[]): void {
  const number = /-?\d+(\.\d+)?/g
  const words = (lines: string[]) => lines.map((line) => line.replace(number, '<number>'))
  const numbers = (lines: string[]) => (lines.join('\n').match(number) ?? []).map(Number)
  expect(words(actual)).toEqual(words(expected))
  expectClose(numbers(actual), numbers(expected), { relative: 1e-6, absolute: 2e-3 }) // they are printed rounded
}

async function bundleWithVite(): Promise<Files> {
  const id = 'example.js'
  const output = await build({
    root: folder,
    configFile: false,
    logLevel: 'error',
    plugins: [
      {
        name: 'example',
        resolveId: (source) => (source === id ? resolve(folder, id) : null),
        load: (path) => (path === resolve(folder, id) ? example : null),
      },
    ],
    resolve: { conditions: ['@swat-js/source', 'module', 'browser', 'development|production'] },
    build: { write: false, target: 'es2022', rollupOptions: { input: id, output: { entryFileNames: 'main.js' } } },
  })
  if (!('output' in output)) throw new Error('Vite gave more than one build')
  return new Map(output.output.map((file) => [file.fileName, file.type === 'chunk' ? file.code : file.source]))
}

/** Prints how much a page loads. */
function report(bundler: string, files: Files): void {
  const sizes = [...files].filter(([name]) => name.endsWith('.js')).map(([, content]) => content.length)
  const kilobytes = Math.round(sizes.reduce((sum, size) => sum + size, 0) / 1000)
  process.stdout.write(`README example bundled by ${bundler}: ${kilobytes} kB of JavaScript in ${sizes.length} files\n`)
}
