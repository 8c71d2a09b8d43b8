import { tf, useEngine } from '@swat-js/tensor-core'
import { expectNoLeak, webgpuUnavailable } from '@swat-js/tensor-core/testing'
import { beforeAll, describe, expect, it } from 'vitest'
import { benchmarkMatMul } from './benchmark-mat-mul.js'
import { formatMatMul } from './format-mat-mul.js'
import { measureMatMul } from './measure-mat-mul.js'

const noGpu = await webgpuUnavailable()

describe.each(['cpu', 'wasm', 'webgpu'] as const)('benchmarkMatMul on %s', (backend) => {
  const skipped = backend === 'webgpu' && noGpu !== null
  beforeAll(async () => {
    if (!skipped) await useEngine({ backend })
  })

  it.skipIf(skipped)(
    `checks and measures projections and gradients, leaks nothing${skipped ? ` (${noGpu})` : ''}`,
    async () => {
      const { rows, tuned } = await expectNoLeak(() =>
        benchmarkMatMul({ shapes: [{ m: 20, n: 12, k: 8 }], gradients: true, rounds: 2 }),
      )
      expect(tuned).toEqual([])
      expect(rows.map(({ m, n, k, transposeA, transposeB }) => [m, n, k, transposeA, transposeB])).toEqual([
        [20, 12, 8, false, true],
        [20, 8, 12, false, false],
        [12, 8, 20, true, false],
      ])
      for (const { m, n, k, milliseconds, tflops, maxError, ...row } of rows) {
        expect(row).toMatchObject({ backend: tf.getBackend(), precision: 'float32', rounds: 2 })
        expect(row.tiling).toMatch(backend === 'webgpu' ? /^float32 \d+×\d+×\d+/ : /^TensorFlow\.js$/)
        expect(milliseconds).toBeGreaterThan(0)
        expect(tflops).toBeCloseTo((2 * m * n * k) / milliseconds / 1e9)
        expect(maxError).toBeLessThan(2e-6)
      }
    },
  )
})

it('measureMatMul takes a single element, and refuses what is no size', async () => {
  await useEngine({ backend: 'cpu' })
  expect(await measureMatMul({ m: 1, n: 1, k: 1, rounds: 1 })).toMatchObject({ transposeA: false, transposeB: false })
  await expect(measureMatMul({ m: 0, n: 1, k: 1 })).rejects.toThrow('m must be a whole number of at least 1, but is 0.')
})

it('benchmarkMatMul refuses to tune other engines than webgpu, and no shapes', async () => {
  await useEngine({ backend: 'cpu' })
  const shapes = [{ m: 2, n: 2, k: 2 }]
  await expect(benchmarkMatMul({ shapes, tune: true })).rejects.toThrow("and 'cpu' is active. Leave out tune.")
  await expect(benchmarkMatMul({ shapes: [] })).rejects.toMatchObject({ code: 'benchmark' })
})

it('formatMatMul prints what tuning tried, and the products as they lie in memory', () => {
  const product = { m: 20, n: 8, k: 12, transposeA: true, transposeB: false, precision: 'float32' } as const
  const trial = { tflops: 3.14159, maxError: 2e-7 }
  const text = formatMatMul({
    options: { shapes: [], gradients: false, precision: 'float32', tune: true, rounds: 1 },
    tuned: [
      {
        shape: { ...product, batches: 1 },
        clock: 'gpu',
        trials: [
          { ...trial, tiling: 'large', milliseconds: 0.5, ruled: false, chosen: true },
          { ...trial, tiling: 'small', milliseconds: 0.75, ruled: true, chosen: false },
        ],
        choice: null,
      },
    ],
    rows: [
      {
        ...{
          ...product,
          backend: 'webgpu',
          tiling: 'large',
          milliseconds: 0.5,
          wallMilliseconds: 0.6,
          tflops: 3.14159,
        },
        ...{ clock: 'gpu', spread: 0.1, rounds: 7, maxError: 2e-7 },
      },
    ],
  })
  expect(text.split('\n').map((line) => line.trim().split(/ {2,}/))).toEqual([
    ['Tried for [12, 20]ᵀ · [12, 8] in float32:'],
    ['tiling', 'ms', 'TFLOP/s', 'max error'],
    ['large', '0.5', '3.14', '2.0e-7', 'chosen'],
    ['small', '0.75', '3.14', '2.0e-7', 'by the rule'],
    [''],
    ['product', 'tiling', 'ms', 'wall ms', 'TFLOP/s', 'spread', 'clock', 'max error'],
    ['[12, 20]ᵀ · [12, 8]', 'large', '0.5', '0.6', '3.14', '±5 %', 'gpu', '2.0e-7'],
  ])
})
