// The wasm engine in real Chromium. Its kernel is compiled on the page's main thread, in one go.
import { expectClose } from '@swat-js/tensor-core/testing'
import { expect, it } from 'vitest'
import { conformInPage, describeInPage } from './describe-in-page.js'

describeInPage('a page in Chromium', {}, (call) => {
  it('runs the wasm engine and our kernel on it', async () => {
    const { engine, choice, output } = await call('attend', { backend: 'wasm' })
    expect(engine).toMatchObject({ backend: 'wasm', features: ['simd'] })
    expect(choice).toEqual({ op: 'swatAttention', kernel: 'wasm', refused: [] })
    const reference = await call('attend', { backend: 'cpu' })
    expectClose(output, reference.output, { relative: 2e-6 })
  })

  it('says why it has no threads, where they are asked for', async () => {
    await expect(call('attend', { backend: 'wasm', threads: 2 })).rejects.toThrow(
      /2 threads were asked for, but this page is not cross-origin isolated.*Cross-Origin-Opener-Policy/,
    )
  })

  conformInPage(call, 'wasm', { kernels: ['wasm', 'composite'] })
})

describeInPage('a cross-origin isolated page in Chromium', { isolated: true }, (call, opened) => {
  it('runs the wasm engine with threads, and gets the same bits with any number', async () => {
    expect(await opened().page.evaluate('crossOriginIsolated')).toBe(true)
    const { engine, choice, output } = await call('attend', { backend: 'wasm', threads: 2 })
    expect(engine.device).toBe('WebAssembly SIMD, 2 threads')
    expect(choice).toEqual({ op: 'swatAttention', kernel: 'wasm', refused: [] })
    const reference = await call('attend', { backend: 'cpu' })
    expectClose(output, reference.output, { relative: 2e-6 })
    const bits: string[] = []
    for (const threads of [1, 2, 3]) bits.push(await call('trainingBits', { threads }))
    expect(bits).toEqual(Array(3).fill(bits[0]))
  })

  it('names a thread count that cannot be had', async () => {
    await expect(call('attend', { backend: 'wasm', threads: 1.5 })).rejects.toThrow('whole number from 1 to 64')
  })

  conformInPage(call, 'wasm', { kernels: ['wasm', 'composite'] })
})
