import { describe, expect, it } from 'vitest'
import { tf } from '../tf.js'
import { useEngine } from './use-engine.js'

describe('useEngine', () => {
  it('starts the cpu engine', async () => {
    const engine = await useEngine({ backend: 'cpu' })
    expect(engine.backend).toBe('cpu')
    expect(tf.getBackend()).toBe('cpu')
    expect(tf.sum(tf.tensor1d([1, 2, 3])).dataSync()[0]).toBe(6)
  })

  it('starts the wasm engine with SIMD and computes on it', async () => {
    const engine = await useEngine({ backend: 'wasm' })
    expect(engine).toMatchObject({ backend: 'wasm', features: ['simd'], refused: [] })
    expect(tf.getBackend()).toBe('wasm')
    const product = tf.matMul(
      tf.tensor2d([
        [1, 2],
        [3, 4],
      ]),
      tf.tensor2d([
        [5, 6],
        [7, 8],
      ]),
    )
    expect([...product.dataSync()]).toEqual([19, 22, 43, 50])
  })

  it('leaves no process-wide listeners behind (Emscripten adds ones that rethrow and print its source)', async () => {
    await useEngine({ backend: 'wasm' })
    const sources = [...process.listeners('uncaughtException'), ...process.listeners('unhandledRejection')].map(String)
    expect(sources.filter((source) => source.includes('ExitStatus') || source.includes('throw reason'))).toEqual([])
  })

  it('auto takes a real GPU, or else says why it passed over the faster backends', async () => {
    const engine = await useEngine()
    expect(engine.device).not.toContain('software')
    if (engine.backend === 'webgpu') return
    expect(engine.backend).toBe('wasm')
    expect(engine.refused.map(({ backend }) => backend)).toEqual(['webgpu', 'tensorflow'])
    expect(engine.refused[0].reason).toMatch(/the only GPU is a software one|Vulkan|npm i webgpu|finds no GPU/)
    expect(engine.refused[1].reason).toContain('not part of this version')
  })

  it('refuses an unknown backend and lists the available ones', async () => {
    await expect(useEngine({ backend: 'tensorflow' })).rejects.toMatchObject({
      code: 'engine-unavailable',
      message:
        "useEngine: backend 'tensorflow' is not part of this version. Choose 'auto' or one of 'cpu', 'wasm', 'webgpu'.",
    })
  })
})
