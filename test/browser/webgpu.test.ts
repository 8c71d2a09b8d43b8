// The webgpu engine in real Chromium, on the software adapter that comes with it: our own kernels.
import { expectClose } from '@swat-js/tensor-core/testing'
import { expect, it } from 'vitest'
import { conformInPage, describeInPage } from './describe-in-page.js'

describeInPage('a page in Chromium with a software GPU', { gpu: true }, (call) => {
  it('runs the webgpu engine when it is asked for by name', async () => {
    const { engine, choice, output } = await call('attend', { backend: 'webgpu' })
    expect(engine).toMatchObject({ backend: 'webgpu', refused: [] })
    expect(engine.device).toContain('software')
    expect(choice).toEqual({ op: 'swatAttention', kernel: 'webgpu', refused: [] })
    const reference = await call('attend', { backend: 'cpu' })
    expectClose(output, reference.output, { relative: 2e-6 })
  })

  it('does not run it by default, as it is slower than wasm', async () => {
    const { engine } = await call('attend', { backend: 'auto' })
    expect(engine.backend).toBe('wasm')
    expect(engine.refused[0].reason).toContain('software')
  })

  // browsers let a shader bind fewer buffers than most GPUs can
  conformInPage(call, 'webgpu', { kernels: ['webgpu'], heavy: false, mayRefuse: /storage buffers/ })
})
