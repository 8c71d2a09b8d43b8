import { type BackendName, tf, useEngine, withHeapBytes } from '@swat-js/tensor-core'
import { webgpuUnavailable } from '@swat-js/tensor-core/testing'
import { beforeAll, describe, expect, it } from 'vitest'
import { randomTensor } from '../random/random-tensor.js'
import { settle } from '../timing/settle.js'
import { peakMemory } from './peak-memory.js'

const noGpu = await webgpuUnavailable()

describe.each<BackendName>(['cpu', 'wasm', 'webgpu'])('peakMemory on %s', (backend) => {
  const reason = backend === 'webgpu' ? noGpu : null

  describe.skipIf(reason !== null)(reason === null ? 'with an engine' : `skipped: ${reason}`, () => {
    beforeAll(async () => {
      await useEngine({ backend })
    })

    it('counts what is there at one time, not what was there one after the other', async () => {
      const kept = randomTensor([1000], 1)
      const { result, memory } = await peakMemory(async () => {
        const [a, b] = [randomTensor([5000], 1), randomTensor([3000], 2)]
        await settle(b)
        tf.dispose([a, b])
        const c = randomTensor([4000], 3)
        await settle(c)
        c.dispose()
        return c.size
      })
      kept.dispose()
      expect(result).toBe(4000)
      expect(memory.peakBytes).toBeGreaterThanOrEqual(4 * 8000)
      expect(memory.peakBytes).toBeLessThan(4 * 8000 * 1.5 + 4096)
      expect(memory.heapGrowthBytes === null).toBe(backend !== 'wasm')
    })

    it('takes off what goes that was there before', async () => {
      let kept = randomTensor([5000], 1)
      await settle(kept)
      const { memory } = await peakMemory(async () => {
        for (let seed = 2; seed < 6; seed++) {
          const next = randomTensor([5000], seed)
          await settle(next)
          kept.dispose()
          kept = next
        }
      })
      kept.dispose()
      expect(memory.peakBytes).toBeGreaterThanOrEqual(4 * 5000)
      expect(memory.peakBytes).toBeLessThan(4 * 5000 * 1.5 + 4096)
    })

    it('counts shared data once', async () => {
      const { memory } = await peakMemory(() => {
        const a = randomTensor([5000], 1)
        const views = [tf.reshape(a, [50, 100]), tf.reshape(a, [100, 50])]
        tf.dispose([a, ...views])
      })
      expect(memory.peakBytes).toBeLessThan(4 * 5000 + 4096)
    })

    it('leaves TensorFlow.js as it was, also after an error', async () => {
      const { numTensors, numBytes } = tf.memory()
      await expect(
        peakMemory(() => {
          throw new Error('no')
        }),
      ).rejects.toThrow('no')
      const { memory } = await peakMemory(() => {})
      expect(memory.peakBytes).toBe(0)
      expect(tf.memory()).toMatchObject({ numTensors, numBytes })
    })
  })
})

describe('peakMemory on wasm', () => {
  it('counts the working memory of kernels', async () => {
    await useEngine({ backend: 'wasm' })
    const { memory } = await peakMemory(() => withHeapBytes(50_000, () => {}))
    expect(memory.peakBytes).toBeGreaterThanOrEqual(50_000)
    expect(memory.peakBytes).toBeLessThan(50_100)
  })

  it('tells how much the heap grew', async () => {
    const { memory } = await peakMemory(() => withHeapBytes(100 * 2 ** 20, () => {}))
    expect(memory.heapGrowthBytes).toBeGreaterThan(50 * 2 ** 20)
  })
})
