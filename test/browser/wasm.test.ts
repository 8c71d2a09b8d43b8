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

  conformInPage(call, 'wasm', { kernels: ['wasm', 'composite'] })
})

describeInPage('a cross-origin isolated page in Chromium', { isolated: true }, (call, opened) => {
  it('runs TensorFlow.js with threads and the composite kernel on it', async () => {
    expect(await opened().page.evaluate('crossOriginIsolated')).toBe(true)
    const { choice, output } = await call('attend', { backend: 'wasm' })
    expect(choice).toMatchObject({ kernel: 'composite', refused: [{ kernel: 'wasm' }] })
    expect(choice?.refused[0].reason).toContain('one thread')
    const reference = await call('attend', { backend: 'cpu' })
    expectClose(output, reference.output, { relative: 2e-6 })
  })

  conformInPage(call, 'wasm', { kernels: ['composite'] })
})
