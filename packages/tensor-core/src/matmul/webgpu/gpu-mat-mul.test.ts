import { beforeAll, describe, expect, it } from 'vitest'
import { gpuInfo } from '../../engines/webgpu/gpu-info.js'
import { useEngine } from '../../engines/use-engine.js'
import type { Precision } from '../../kernels/kernel.js'
import { expectClose } from '../../testing/expect-close.js'
import { expectNoLeak } from '../../testing/expect-no-leak.js'
import { describeOn } from '../../testing/kernel-pairs.js'
import { randomTensor } from '../../testing/output-and-gradients.js'
import { valuesOf } from '../../testing/values-of.js'
import { tf } from '../../tf.js'
import { candidatesFor, matrixUnit } from './candidates.js'
import { ruledDivision } from './choose-division.js'
import { gpuMatMul, type GpuMatMulOptions, gpuMatMulProblem, productOf } from './gpu-mat-mul.js'
import type { Product } from './product.js'
import { divisionName, type Tiling } from './tiling.js'

interface Case extends GpuMatMulOptions {
  shapeA: number[]
  shapeB: number[]
}

const tolerances = { float32: 2e-6, mixed: 5e-3 }

/** Plain loops in double precision. */
function expectedProduct(
  { shapeA, shapeB, transposeA, transposeB, scale = 1 }: Case,
  A: readonly number[],
  B: readonly number[],
) {
  const { batches, m, n, k } = productOf(shapeA, shapeB, { transposeA, transposeB })
  const result: number[] = []
  for (let batch = 0; batch < batches; batch++) {
    for (let row = 0; row < m; row++) {
      for (let column = 0; column < n; column++) {
        let sum = 0
        for (let i = 0; i < k; i++) {
          const a = A[batch * m * k + (transposeA ? i * m + row : row * k + i)]
          sum += a * B[batch * k * n + (transposeB ? column * k + i : i * n + column)]
        }
        result.push(scale * sum)
      }
    }
  }
  return { shape: [...shapeA.slice(0, -2), m, n], data: result }
}

async function expectRight(product: Case): Promise<void> {
  const { shapeA, shapeB, precision = 'float32', ...options } = product
  const [a, b] = [randomTensor(shapeA, 1), randomTensor(shapeB, 2)]
  const { actual } = await expectNoLeak(() =>
    valuesOf(() => ({
      actual: gpuMatMul(tf.tensor([...a.data], shapeA), tf.tensor([...b.data], shapeB), { precision, ...options }),
    })),
  )
  expectClose(actual.data, expectedProduct(product, a.data, b.data).data, { relative: tolerances[precision] })
}

const transposes = [false, true].flatMap((transposeA) =>
  [false, true].map((transposeB) => ({ transposeA, transposeB })),
)
const shapes = (m: number, n: number, k: number, { transposeA = false, transposeB = false }: GpuMatMulOptions) => ({
  shapeA: transposeA ? [k, m] : [m, k],
  shapeB: transposeB ? [n, k] : [k, n],
})

describeOn('the matrix product of the webgpu engine', { backend: 'webgpu' }, () => {
  beforeAll(async () => {
    await useEngine({ backend: 'webgpu' })
  })

  describe.each(['float32', 'mixed'] as const)('%s', (precision: Precision) => {
    const tilingsOf = (product: Product) => {
      const { software } = gpuInfo() // their compilers take long for large tiles
      const candidates = candidatesFor(product, { ...gpuInfo(), software: false }).map(({ tiling }) => tiling)
      return candidates.filter(
        ({ rows, columns, kind }) => !software || rows * columns <= (kind === 'scalar' ? 8192 : 1024),
      )
    }
    const expectRightBy = async (tiling: Tiling, [m, n, k]: number[], transposed: GpuMatMulOptions) => {
      const division = { tiling, splits: 1 }
      await expectRight({ ...shapes(m, n, k, transposed), ...transposed, precision, division }).catch((error) => {
        throw new Error(`${divisionName(division)}: ${error.message}`)
      })
    }

    it('every tiling of this device', async () => {
      for (const tiling of tilingsOf(productOf([36, 40], [40, 68], { precision }))) {
        await expectRightBy(tiling, [36, 68, 40], { transposeB: true })
      }
    })

    const smallTilings = () => {
      const tilings = tilingsOf(productOf([36, 40], [40, 68], { precision }))
      const size = ({ rows, columns }: { rows: number; columns: number }) => rows * columns
      const least = Math.min(...tilings.map(size))
      const small = tilings.filter((tiling) => size(tiling) === least)
      const variants = small.filter(({ kind, rows, columns }) => kind === 'scalar' && rows === columns)
      return [...small, ...variants.map((tiling) => ({ ...tiling, halves: true, squares: true }))]
    }

    it.each(transposes)('small tilings, transposed: $transposeA, $transposeB', async (transposed) => {
      for (const tiling of smallTilings()) {
        await expectRightBy(tiling, [36, 68, 40], transposed)
        await expectRightBy(tiling, [33, 35, 17], transposed)
      }
    })

    it('keeps NaN in the rows and columns that it belongs to', async () => {
      const [m, n, k] = [33, 35, 17]
      const a = Array.from({ length: m * k }, (_, i) => (i < k ? NaN : i % 7))
      const b = Array.from({ length: n * k }, (_, i) => (i >= (n - 1) * k ? NaN : i % 5))
      for (const tiling of smallTilings()) {
        const options = { transposeB: true, precision, division: { tiling, splits: 1 } }
        const { actual } = await valuesOf(() => ({
          actual: gpuMatMul(tf.tensor2d(a, [m, k]), tf.tensor2d(b, [n, k]), options),
        }))
        actual.data.forEach((value, i) => expect(Number.isNaN(value)).toBe(i < n || i % n === n - 1))
      }
    })

    it('adds up parts, and takes batches and a factor of the result', async () => {
      const [shapeA, shapeB] = [
        [3, 20, 130],
        [3, 130, 20],
      ]
      const { tiling } = candidatesFor(productOf(shapeA, shapeB, { precision }), gpuInfo()).at(-1)!
      for (const scale of [1, -0.5]) {
        await expectRight({ shapeA, shapeB, precision, scale, division: { tiling, splits: 3 } })
      }
    })
  })

  it.each(transposes)('one row and one column, transposed: $transposeA, $transposeB', async (transposed) => {
    for (const [m, n, k] of [
      [1, 70, 65],
      [1, 36, 132],
      [70, 1, 65],
      [36, 1, 132],
      [1, 1, 1],
      [1, 40, 1100],
    ]) {
      await expectRight({ ...shapes(m, n, k, transposed), ...transposed })
    }
  })

  it('takes batches of rows', async () => {
    await expectRight({ shapeA: [3, 1, 20], shapeB: [3, 20, 36], scale: 2 })
    await expectRight({ shapeA: [3, 1, 20], shapeB: [3, 35, 20], transposeB: true })
  })

  it('makes infinity of what f16 cannot hold, so that the scale of a loss can react', async () => {
    if (!matrixUnit(gpuInfo())) return
    const { actual } = await valuesOf(() => ({
      actual: gpuMatMul(tf.fill([64, 64], 70_000), tf.ones([64, 64]), { precision: 'mixed' }),
    }))
    actual.data.forEach((value) => expect(value).toBe(Infinity))
  })

  it('chooses by shape: a vector for one row, parts for few tiles and long sums, large tiles for large results', () => {
    const of = (m: number, n: number, k: number) => ruledDivision(productOf([m, k], [k, n], {}))
    expect(of(1, 1000, 1000).tiling.kind).toBe('vector')
    expect(of(64, 64, 8192).splits).toBeGreaterThan(1)
    expect(of(64, 64, 64)).toMatchObject({ tiling: { rows: 32, columns: 32 }, splits: 1 })
    const large = of(4096, 4096, 4096)
    expect([large.splits, large.tiling]).toMatchObject([1, { kind: 'scalar', columns: 128 }])
  })

  it('says why it cannot compute a product', () => {
    expect(gpuMatMulProblem(productOf([0, 3], [3, 2], {}))).toBe('a factor is empty')
    expect(gpuMatMulProblem(productOf([70_000, 2, 3], [70_000, 3, 2], {}))).toContain('than a dispatch holds, 65535')
    expect(gpuMatMulProblem(productOf([4, 3], [3, 2], {}))).toBe(null)
  })
})
