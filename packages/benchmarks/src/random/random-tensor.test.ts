import { type BackendName, useEngine } from '@swat-js/tensor-core'
import { webgpuUnavailable } from '@swat-js/tensor-core/testing'
import { describe, expect, it } from 'vitest'
import { randomTensor } from './random-tensor.js'

const numbers = async (backend: BackendName, shape: number[], seed: number) => {
  await useEngine({ backend })
  const tensor = randomTensor(shape, seed)
  expect(tensor.shape).toEqual(shape)
  const data = await tensor.data<'float32'>()
  tensor.dispose()
  return data
}
const correlation = (a: Float32Array, b: Float32Array) => a.reduce((sum, x, i) => sum + x * b[i], 0) / a.length

const noGpu = await webgpuUnavailable()

describe('randomTensor', () => {
  it('has mean 0, variance 1, stays within ±√3, and repeats nothing', async () => {
    const data = await numbers('cpu', [200, 500], 1)
    expect(Math.abs(data.reduce((sum, x) => sum + x, 0) / data.length)).toBeLessThan(0.01)
    expect(Math.abs(correlation(data, data) - 1)).toBeLessThan(0.01)
    expect(Math.max(...data.map(Math.abs))).toBeLessThanOrEqual(Math.fround(Math.sqrt(3)))
    // Of 100,000 draws from 2²⁴ values some 300 meet another one.
    expect(new Set(data).size).toBeGreaterThan(99_000)
    for (const shift of [1, 64, 1000, 65_536]) {
      expect(Math.abs(correlation(data.slice(shift), data.slice(0, -shift)))).toBeLessThan(0.02)
    }
  })

  it('is another one for another seed', async () => {
    const [a, b] = [await numbers('cpu', [50_000], 1), await numbers('cpu', [50_000], 2)]
    expect(Math.abs(correlation(a, b))).toBeLessThan(0.02)
  })

  it('is the same on wasm', async () => {
    expect(await numbers('wasm', [3, 70, 5], 9)).toEqual(await numbers('cpu', [3, 70, 5], 9))
  })
  it.skipIf(noGpu !== null)(`is the same on webgpu${noGpu ? ` (skipped: ${noGpu})` : ''}`, async () => {
    const [gpu, cpu] = [await numbers('webgpu', [3, 70, 5], 9), await numbers('cpu', [3, 70, 5], 9)]
    gpu.forEach((value, i) => expect(value).toBeCloseTo(cpu[i], 6))
  })
})
