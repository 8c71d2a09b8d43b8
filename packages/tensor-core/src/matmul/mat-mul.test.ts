import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { useEngine } from '../engines/use-engine.js'
import { expectClose } from '../testing/expect-close.js'
import { expectNoLeak } from '../testing/expect-no-leak.js'
import { describeOn, everyEngine } from '../testing/kernel-pairs.js'
import { randomTensor } from '../testing/output-and-gradients.js'
import { valuesOf } from '../testing/values-of.js'
import { tf } from '../tf.js'
import { matMul } from './mat-mul.js'

interface Product {
  batches: number[]
  m: number
  k: number
  n: number
  transposeA: boolean
  transposeB: boolean
}

/** Plain loops in double precision. */
function expectedProduct(product: Product, A: readonly number[], B: readonly number[]) {
  const { batches, m, k, n, transposeA, transposeB } = product
  const count = batches.reduce((product, axis) => product * axis, 1)
  const result: number[] = []
  for (let batch = 0; batch < count; batch++) {
    for (let row = 0; row < m; row++) {
      for (let column = 0; column < n; column++) {
        let sum = 0
        for (let i = 0; i < k; i++) {
          const a = A[batch * m * k + (transposeA ? i * m + row : row * k + i)]
          sum += a * B[batch * k * n + (transposeB ? column * k + i : i * n + column)]
        }
        result.push(sum)
      }
    }
  }
  return { shape: [...batches, m, n], data: result }
}

async function expectRight(product: Product): Promise<void> {
  const { batches, m, k, n, transposeA, transposeB } = product
  const a = randomTensor([...batches, ...(transposeA ? [k, m] : [m, k])], 1)
  const b = randomTensor([...batches, ...(transposeB ? [n, k] : [k, n])], 2)
  const { actual } = await valuesOf(() => {
    const [A, B] = [a, b].map(({ data, shape }) => tf.tensor([...data], [...shape]))
    return { actual: matMul(A, B, { transposeA, transposeB }) }
  })
  const expected = expectedProduct(product, a.data, b.data)
  expect(actual.shape).toEqual(expected.shape)
  expectClose(actual.data, expected.data, { relative: 2e-6, absolute: 1e-6 })
}

/** Whether our own product may run on wasm; without it operands are transposed for TensorFlow.js's. */
const ways = [...everyEngine.map((on) => ({ ...on, simd: true })), { backend: 'wasm', simd: false } as const]

async function useWay({ backend, simd }: (typeof ways)[number]): Promise<void> {
  await useEngine({ backend })
  if (backend === 'wasm') tf.env().set('WASM_HAS_SIMD_SUPPORT', simd)
}

afterAll(() => tf.env().set('WASM_HAS_SIMD_SUPPORT', true))

for (const on of ways)
  describeOn(`matMul${on.simd ? '' : ' without our own product'}`, on, (on) => {
    const flags = [false, true].flatMap((transposeA) => [false, true].map((transposeB) => ({ transposeA, transposeB })))
    const shapes = [
      { m: 65, k: 64, n: 7 },
      { m: 7, k: 130, n: 66 },
      { m: 1, k: 65, n: 130 },
      { m: 130, k: 7, n: 1 },
    ]

    beforeAll(() => useWay(on))

    it.each(flags.flatMap((flag) => shapes.map((shape) => ({ ...shape, ...flag }))))(
      '[$m, $k] times [$k, $n], transposed: $transposeA, $transposeB',
      async (product) => {
        await expectNoLeak(() => expectRight({ ...product, batches: [] }))
      },
    )

    it.each(flags)('takes batches one by one, transposed: $transposeA, $transposeB', async (flag) => {
      await expectNoLeak(() => expectRight({ ...flag, batches: [2, 3], m: 4, k: 5, n: 6 }))
    })

    it('is right for any shape', async () => {
      const axis = fc.integer({ min: 1, max: 70 })
      const batches = fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 2 })
      const flag = fc.boolean()
      const product = fc.record({ batches, m: axis, k: axis, n: axis, transposeA: flag, transposeB: flag })
      await fc.assert(fc.asyncProperty(product, expectRight), { numRuns: 50, seed: 1 })
    })

    it('refuses operands that do not fit', () => {
      expect(() => matMul(tf.zeros([2, 3]), tf.zeros([2, 3]))).toThrow('a is [2, 3] and b is [2, 3].')
      expect(() => matMul(tf.zeros([2, 2, 3]), tf.zeros([3, 3, 2]))).toThrow('with equal leading axes')
      expect(() => matMul(tf.zeros([2, 3]), tf.zeros([2, 3]), { transposeA: true })).not.toThrow()
    })
  })

describe.each([{ simd: true }, { simd: false }])('matMul on wasm, our own product: $simd,', ({ simd }) => {
  beforeAll(() => useWay({ backend: 'wasm', simd }))

  // The trap: TensorFlow.js's wasm backend keeps a packed copy of the right operand for as long as that tensor lives.
  it('multiplies by fresh transposes on wasm, not by a packed copy of an earlier one', async () => {
    const a = tf.tensor2d([[1, 2]])
    const first = matMul(
      a,
      tf.tensor2d([
        [1, 1],
        [2, 2],
        [3, 3],
      ]),
      { transposeB: true },
    )
    const second = matMul(
      a,
      tf.tensor2d([
        [1, 0],
        [0, 1],
        [5, 5],
      ]),
      { transposeB: true },
    )
    expectClose(first, { shape: [1, 3], data: [3, 6, 9] })
    expectClose(second, { shape: [1, 3], data: [1, 2, 15] })
  })

  it('transposes a vector without mixing up packed operators on wasm (they are kept by memory, not by shape)', async () => {
    const k = tf.tensor2d([1, 2, 3, 4], [1, 4])
    const q = tf.tensor2d([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 1], [3, 4])
    const s = tf.tensor2d([10, 20, 30], [1, 3])
    expectClose(matMul(k, q, { transposeB: true }), [1, 2, 7])
    expectClose(matMul(s, k, { transposeA: true }), [10, 20, 30, 40, 20, 40, 60, 80, 30, 60, 90, 120])
    expectClose(matMul(k, k, { transposeA: true }), [1, 2, 3, 4, 2, 4, 6, 8, 3, 6, 9, 12, 4, 8, 12, 16])
  })
})
