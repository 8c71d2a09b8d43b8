// Where useEngine finds the binaries of TensorFlow.js's wasm backend in a page.
import { afterEach, describe, expect, it } from 'vitest'
import { bundle } from './bundle.js'
import { findChromium } from './find-chromium.js'
import { type OpenPage, openPage } from './open-page.js'
import { wasmBinaries } from './serve.js'

const { missing } = findChromium()
let opened: OpenPage | undefined
afterEach(() => opened?.close())

/** Starts the wasm engine in a page whose server has the binaries in a folder, or nowhere. */
async function start(options: { wasmPath?: string }, folder: string | null): Promise<string> {
  const code = `
    import { tf, useEngine } from '@swat-js/tensor-core'
    export const sum = useEngine(${JSON.stringify({ backend: 'wasm', ...options })}).then(
      ({ backend }) => backend + ' ' + tf.sum([1, 2, 3]).dataSync()[0],
      ({ code, message }) => code + ': ' + message,
    )`
  const binaries = folder === null ? [] : [...wasmBinaries].map(([name, bytes]) => [folder + name, bytes] as const)
  const files = await bundle({ code, folder: import.meta.dirname })
  opened = await openPage(new Map([...files, ...binaries]))
  return opened.page.evaluate(`import('/main.js').then(({ sum }) => sum)`)
}

describe.skipIf(missing !== null)(`binaries of the wasm engine${missing ? ` (skipped: ${missing})` : ''}`, () => {
  it('are taken from beside the page', async () => {
    expect(await start({}, '')).toBe('wasm 6')
  })

  it('are taken from wasmPath', async () => {
    expect(await start({ wasmPath: '/some/folder/' }, 'some/folder/')).toBe('wasm 6')
  })

  it('are missed with words that tell what to do', async () => {
    const message = await start({}, null)
    expect(message).toMatch(/^engine-unavailable: useEngine: the WebAssembly backend .* did not start\./)
    expect(message).toContain("useEngine({ backend: 'wasm', wasmPath: '/that/folder/' })")
  })
})
