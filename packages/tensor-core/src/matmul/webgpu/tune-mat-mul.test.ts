import { beforeAll, expect, it } from 'vitest'
import { useEngine } from '../../engines/use-engine.js'
import { expectClose } from '../../testing/expect-close.js'
import { expectNoLeak } from '../../testing/expect-no-leak.js'
import { describeOn } from '../../testing/kernel-pairs.js'
import { tf } from '../../tf.js'
import { describeMatMul } from '../describe-mat-mul.js'
import { matMul } from '../mat-mul.js'
import { describeMatMulChoices, type MatMulChoice } from '../mat-mul-choice.js'
import { matMulChoices, matMulsIn, useMatMulChoices } from './mat-mul-choices.js'
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

  it('gives choices as plain JSON that can be used again, one by one or not at all', async () => {
    const shape = { m: 12, n: 20, k: 24, transposeB: true } as const
    const other = { m: 20, n: 12, k: 24 }
    useMatMulChoices([])
    const ruled = describeMatMul(shape)
    await tuneMatMul([shape, other], { rounds: 1 })
    const tuned = describeMatMul(shape)
    const choices = JSON.parse(JSON.stringify(matMulChoices())) as MatMulChoice[]
    expect(choices.map(({ product }) => [product.m, product.n])).toEqual([
      [12, 20],
      [20, 12],
    ])
    expect(describeMatMulChoices(choices).split('\n')[0]).toMatch(
      /^\[12, 24\] · \[20, 24\]ᵀ {2}float32 {2}\S+ ms +\S+ TFLOP\/s +float32 \d+×\d+×\d+/,
    )
    expect(useMatMulChoices([])).toEqual([])
    expect(describeMatMul(shape)).toBe(ruled)
    const [choice] = choices
    expect(useMatMulChoices([choice])).toEqual([choice])
    expect(describeMatMul(shape)).toBe(tuned)
    const parts = { ...choice, parts: 2 }
    expect(useMatMulChoices([parts])).toEqual([parts])
    expect(describeMatMul(shape)).toBe(`${choice.tiling}, 2 parts`)
    const strange = { device: 'another', list: 'an old one', tiling: 'float32 3×3×3', parts: 99 }
    for (const [key, value] of Object.entries(strange))
      expect(useMatMulChoices([{ ...choice, [key]: value }])).toEqual([])
    const old = { ...choice, list: 'an old one' }
    expect(useMatMulChoices([old], { ofOldLists: true })).toEqual([old])
    useMatMulChoices([])
  })

  it('finds the products that are computed, each once', () => {
    const shapes = matMulsIn(() =>
      tf.tidy(() => {
        const a = tf.ones([6, 4])
        for (let i = 0; i < 2; i++) matMul(a, tf.ones([4, 8]), { precision: 'mixed' })
        matMul(a, a, { transposeB: true })
        matMul(tf.ones([1, 4]), tf.ones([4, 8]))
        matMul(a, tf.ones([4, 1]))
      }),
    )
    const plain = { batches: 1, transposeA: false, transposeB: false, precision: 'float32' }
    expect(shapes).toEqual([
      { ...plain, m: 6, n: 8, k: 4, precision: 'mixed' },
      { ...plain, m: 6, n: 6, k: 4, transposeB: true },
    ])
  })

  it('refuses what is no choice', () => {
    const choices = [{ device: 'a GPU' }] as MatMulChoice[]
    expect(() => useMatMulChoices(choices)).toThrow(
      'useMatMulChoices: choice number 0 must be as tuneMatMul made it, but is {"device":"a GPU"}. Leave it out',
    )
    expect(() => useMatMulChoices({} as MatMulChoice[])).toThrow('choices must be an array, but is {}')
  })
})

it('tuneMatMul needs the webgpu engine', async () => {
  await useEngine({ backend: 'cpu' })
  await expect(tuneMatMul([{ m: 2, n: 2, k: 2 }])).rejects.toThrow('the webgpu engine must be active')
  expect(describeMatMul({ m: 2, n: 2, k: 2 })).toBe('TensorFlow.js')
})
