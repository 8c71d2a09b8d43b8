import { beforeAll, expect, it } from 'vitest'
import { useEngine } from '../../engines/use-engine.js'
import { expectClose } from '../../testing/expect-close.js'
import { expectNoLeak } from '../../testing/expect-no-leak.js'
import { describeOn } from '../../testing/kernel-pairs.js'
import { tf } from '../../tf.js'
import { describeMatMul } from '../describe-mat-mul.js'
import { matMul } from '../mat-mul.js'
import { tuneMatMul } from './tune-mat-mul.js'

describeOn('tuneMatMul', { backend: 'webgpu' }, () => {
  beforeAll(async () => {
    await useEngine({ backend: 'webgpu' })
  })

  it('measures every way, uses the fastest right one from then on, and leaks nothing', async () => {
    const shape = { m: 16, n: 20, k: 24, transposeB: true, precision: 'mixed' } as const
    const options = { transposeB: true, precision: 'mixed' } as const
    const product = async () => {
      const [a, b] = [tf.ones([16, 24]), tf.fill([20, 24], 2)]
      const result = matMul(a, b, options)
      expectClose(await result.data(), new Float32Array(320).fill(48))
      tf.dispose([a, b, result])
    }
    const before = describeMatMul(shape)
    await product()
    const [tuned] = await expectNoLeak(() => tuneMatMul([shape, { m: 1, n: 8, k: 8 }], { rounds: 1 }))
    const { trials } = tuned
    expect(tuned.shape).toEqual({ batches: 1, transposeA: false, ...shape })
    expect(trials.filter(({ chosen }) => chosen).map(({ tiling }) => tiling)).toEqual([describeMatMul(shape)])
    expect(trials.filter(({ ruled }) => ruled).map(({ tiling }) => tiling)).toEqual([before])
    for (const { maxError, milliseconds, tflops } of trials) {
      expect(maxError).toBeLessThan(5e-3)
      expect(milliseconds).toBeGreaterThan(0)
      expect(tflops).toBeCloseTo((2 * 16 * 20 * 24) / milliseconds / 1e9)
    }
    await product()
  })
})

it('tuneMatMul needs the webgpu engine', async () => {
  await useEngine({ backend: 'cpu' })
  await expect(tuneMatMul([{ m: 2, n: 2, k: 2 }])).rejects.toThrow('the webgpu engine must be active')
  expect(describeMatMul({ m: 2, n: 2, k: 2 })).toBe('TensorFlow.js')
})
