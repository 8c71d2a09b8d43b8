import { SwatError, tf, tuneMatMul } from '@swat-js/tensor-core'
import { expectCounts } from '../options/expect-counts.js'
import type { MatMulBenchmark, MatMulBenchmarkOptions, MatMulOptions } from './mat-mul-benchmark.js'
import { measureMatMul } from './measure-mat-mul.js'

const caller = 'benchmarkMatMul'

/**
 * Measures the matrix products of projections on the active engine, one after the other.
 *
 * @param options - which products
 * @returns a row for each product: the projections, and after each its two gradients where asked for
 * @throws SwatError `benchmark` when an option makes no sense or when a product is wrong
 */
export async function benchmarkMatMul(options: MatMulBenchmarkOptions): Promise<MatMulBenchmark> {
  const { shapes, gradients = false, precision = 'float32', tune = false, rounds = 7, report = () => {} } = options
  expectCounts(caller, { rounds })
  for (const { m, n, k } of shapes) expectCounts(caller, { m, n, k })
  if (shapes.length === 0) throw new SwatError('benchmark', `${caller}: there must be a shape at least.`)
  if (tune && tf.getBackend() !== 'webgpu') {
    throw new SwatError(
      'benchmark',
      `${caller}: only the webgpu engine can be tuned, and '${tf.getBackend()}' is active. Leave out tune.`,
    )
  }
  const products = shapes.flatMap((shape) => productsOf(shape, gradients))
  const total = products.length * (tune ? 2 : 1)
  const progress = (done: number) => report({ event: 'progress', task: 'benchmark', done, total })
  const result: MatMulBenchmark = {
    options: { shapes: [...shapes], gradients, precision, tune, rounds },
    tuned: [],
    rows: [],
  }
  let done = 0
  for (const product of products) {
    if (tune) {
      progress(done++)
      result.tuned.push(...(await tuneMatMul([{ ...product, precision }])))
    }
    progress(done++)
    result.rows.push(await measureMatMul({ ...product, precision, rounds }))
  }
  progress(total)
  return result
}

/** `y = x · Wᵀ`, and `dx = dy · W` and `dW = dyᵀ · x`. */
function productsOf({ m, n, k }: { m: number; n: number; k: number }, gradients: boolean): MatMulOptions[] {
  const forward = { m, n, k, transposeB: true }
  const backward = [
    { m, n: k, k: n },
    { m: n, n: k, k: m, transposeA: true },
  ]
  return gradients ? [forward, ...backward] : [forward]
}
