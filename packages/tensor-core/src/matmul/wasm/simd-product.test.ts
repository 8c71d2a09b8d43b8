import { setFlagsFromString } from 'node:v8'
import { beforeAll, describe, expect, it } from 'vitest'
import { HeapModule } from '../../engines/wasm/heap-module.js'
import { heapMemory, heapPointer, heapView, withHeapBytes } from '../../engines/wasm/heap.js'
import { useEngine } from '../../engines/use-engine.js'
import { createRandom } from '../../random/create-random.js'
import { expectClose } from '../../testing/expect-close.js'
import { expectNoLeak } from '../../testing/expect-no-leak.js'
import { tf } from '../../tf.js'
import { moduleBase64, relaxedModuleBase64 } from './module.generated.js'
import type { ProductExports } from './product-module.js'
import { type ProductShape, simdProduct } from './simd-product.js'

beforeAll(async () => {
  await useEngine({ backend: 'wasm' })
})

function normal(size: number, seed: number): Float32Array {
  const random = createRandom(seed)
  return Float32Array.from({ length: size }, () => random.normal())
}

/** Where element (row, column) of an operand lies. */
const place = (rows: number, columns: number, transposed: boolean) =>
  transposed
    ? (row: number, column: number) => column * rows + row
    : (row: number, column: number) => row * columns + column

function expected({ m, n, k, transposeA = false, transposeB = false }: ProductShape, A: Float32Array, B: Float32Array) {
  const [atA, atB] = [place(m, k, transposeA), place(k, n, transposeB)]
  const sums = new Float64Array(m * n)
  for (let i = 0; i < m; i++) {
    for (let x = 0; x < k; x++) {
      for (let j = 0; j < n; j++) sums[i * n + j] += A[atA(i, x)] * B[atB(x, j)]
    }
  }
  return sums
}

const flags = [false, true].flatMap((transposeA) => [false, true].map((transposeB) => ({ transposeA, transposeB })))

describe.each(flags)('transposed: $transposeA, $transposeB', (flag) => {
  const check = async (shape: ProductShape) => {
    await expectNoLeak(() => {
      const [A, B] = [normal(shape.m * shape.k, 1), normal(shape.k * shape.n, 2)]
      const [a, b] = [tf.tensor1d(A), tf.tensor1d(B)]
      const result = simdProduct(a, b, shape)
      expectClose(result.dataSync(), expected(shape, A, B), { relative: 2e-6 })
      tf.dispose([a, b, result])
    })
  }

  it.each([
    { m: 131, n: 70, k: 70 }, // blocks of `a`
    { m: 9, n: 1043, k: 5 }, // panels of `b`
    { m: 13, n: 21, k: 517 }, // parts of k
    { m: 12, n: 16, k: 1 }, // the smallest panels
    { m: 16, n: 8, k: 1 },
    { m: 3, n: 1030, k: 7 }, // without packing
    { m: 1, n: 1029, k: 6 },
    { m: 37, n: 1, k: 9 },
  ])('[$m, $k] times [$k, $n] is right', (shape) => check({ ...shape, ...flag }))

  it('is right at every edge', async () => {
    for (let m = 1; m <= 13; m++) {
      for (let n = 1; n <= 17; n += 2) await check({ m, n, k: 1 + ((m * n) % 7), ...flag })
    }
  })

  it('lets NaN out of its row and its column only', () => {
    const shape = { m: 6, n: 11, k: 5, ...flag }
    const [A, B] = [normal(30, 3), normal(55, 4)]
    A[place(6, 5, flag.transposeA)(4, 2)] = NaN
    B[place(5, 11, flag.transposeB)(3, 9)] = Infinity
    const result = simdProduct(tf.tensor1d(A), tf.tensor1d(B), shape).dataSync()
    for (const [i, value] of result.entries()) {
      const [row, column] = [Math.floor(i / 11), i % 11]
      expect(Number.isFinite(value), `row ${row}, column ${column}`).toBe(row !== 4 && column !== 9)
    }
  })
})

// The trap: TensorFlow.js keeps a packed copy of what it multiplied by, and misses what is written to it.
it('sees what was written to an operand since the last product', () => {
  const [a, b] = [tf.ones([5, 4]), tf.ones([4, 9])]
  const shape = { m: 5, n: 9, k: 4 }
  expect(new Set(simdProduct(a, b, shape).dataSync())).toEqual(new Set([4]))
  heapView(b).fill(2)
  expect(new Set(simdProduct(a, b, shape).dataSync())).toEqual(new Set([8]))
})

it('gives its working memory back', () => {
  const [a, b] = [tf.ones([300, 300]), tf.ones([300, 300])]
  const once = () => simdProduct(a, b, { m: 300, n: 300, k: 300 }).dispose()
  once()
  const bytes = heapMemory().buffer.byteLength
  for (let i = 0; i < 100; i++) once()
  expect(heapMemory().buffer.byteLength).toBe(bytes)
})

it('takes integers, and operands without elements', () => {
  const a = tf.tensor2d([1, 2, 3, 4], [2, 2], 'int32')
  expect([...simdProduct(a, a, { m: 2, n: 2, k: 2 }).dataSync()]).toEqual([7, 10, 15, 22])
  expect([...simdProduct(tf.zeros([2, 0]), tf.zeros([0, 3]), { m: 2, n: 3, k: 0 }).dataSync()]).toEqual(
    Array(6).fill(0),
  )
})

// Node 20 has relaxed SIMD behind a flag; later ones, and browsers, multiply and add with one rounding.
it('is right with relaxed SIMD', () => {
  const relaxed = Uint8Array.from(atob(relaxedModuleBase64), (character) => character.charCodeAt(0))
  if (!WebAssembly.validate(relaxed)) setFlagsFromString('--experimental-wasm-relaxed-simd')
  expect(WebAssembly.validate(relaxed)).toBe(true)
  const [m, n, k] = [37, 43, 300]
  const [A, B] = [normal(m * k, 5), normal(k * n, 6)]
  const [a, b] = [tf.tensor1d(A), tf.tensor1d(B)]
  const results = [[relaxedModuleBase64], [moduleBase64]].map(([base64]) => {
    const { product, scratchBytes } = new HeapModule<ProductExports>(base64).exports()
    const c = tf.zeros([m, n])
    withHeapBytes(scratchBytes(m, n, k), (scratch) => {
      product(heapPointer(a), heapPointer(b), heapPointer(c), 1, m, n, k, 0, 0, 0, m, 0, n, scratch)
    })
    return c.dataSync()
  })
  for (const result of results) expectClose(result, expected({ m, n, k }, A, B), { relative: 2e-6 })
  expect(results[0]).not.toEqual(results[1]) // else the first would not be what runs
})
