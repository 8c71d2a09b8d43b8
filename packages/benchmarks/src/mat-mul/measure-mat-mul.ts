import { describeMatMul, matMul, SwatError, tf } from '@swat-js/tensor-core'
import { expectCounts } from '../options/expect-counts.js'
import { randomTensor } from '../random/random-tensor.js'
import { relativeError } from '../reference/relative-error.js'
import { tolerances } from '../reference/tolerances.js'
import { compareInterleaved } from '../timing/compare-interleaved.js'
import { settle } from '../timing/settle.js'
import { bestClock, repeatsFor, timedCalls, timingOf } from '../timing/timed-calls.js'
import type { MatMulOptions, MatMulRow } from './mat-mul-benchmark.js'

const caller = 'measureMatMul'

/** Rows and columns of the result that are compared with the reference. */
const sampled = 16

/**
 * Measures a matrix product on the active engine. Compares some rows and columns of the result, the first and the last
 * among them, with sums in double precision before.
 *
 * @param options - the product
 * @returns time, operations a second, error
 * @throws SwatError `benchmark` when an option makes no sense or when the product is wrong
 */
export async function measureMatMul(options: MatMulOptions): Promise<MatMulRow> {
  const { m, n, k, transposeA = false, transposeB = false, precision = 'float32', rounds = 7 } = options
  expectCounts(caller, { m, n, k, rounds })
  const shape = { m, n, k, transposeA, transposeB, precision }
  const a = randomTensor(transposeA ? [k, m] : [m, k], 1) as tf.Tensor2D
  const b = randomTensor(transposeB ? [n, k] : [k, n], 2) as tf.Tensor2D
  let results: tf.Tensor[] = []
  const call = () => void results.push(matMul(a, b, { transposeA, transposeB, precision }))
  const finish = () => settle(results[results.length - 1])
  const free = () => {
    tf.dispose(results)
    results = []
  }
  try {
    const tiling = describeMatMul(shape)
    call()
    const maxError = await sampledError(a, b, results[0] as tf.Tensor2D, { transposeA, transposeB })
    free()
    const allowed = tolerances[precision].gradients
    if (!(maxError <= allowed)) {
      throw new SwatError(
        'benchmark',
        `${caller}: ${tiling} computes something else than the reference for ${JSON.stringify(shape)}: off by ` +
          `${maxError.toExponential(1)} of the largest magnitude, allowed is ${allowed}. ` +
          'A wrong product is not timed; please report it.',
      )
    }
    call()
    await finish()
    free()
    const start = performance.now()
    call()
    await finish()
    free()
    const repeats = repeatsFor(performance.now() - start)
    const timed = await compareInterleaved(timedCalls({ name: tiling, call, finish, free, repeats, rounds }), {
      rounds,
    })
    const clock = bestClock()
    const { ms: milliseconds, spread } = timingOf(timed, tiling, clock)
    const wallMilliseconds = timingOf(timed, tiling, 'wall').ms
    const tflops = (2 * m * n * k) / milliseconds / 1e9
    const times = { milliseconds, wallMilliseconds, tflops, clock, spread, rounds }
    return { backend: tf.getBackend(), ...shape, tiling, ...times, maxError }
  } finally {
    free()
    tf.dispose([a, b])
  }
}

async function sampledError(
  a: tf.Tensor2D,
  b: tf.Tensor2D,
  result: tf.Tensor2D,
  { transposeA, transposeB }: { transposeA: boolean; transposeB: boolean },
): Promise<number> {
  const [m, n] = result.shape
  const k = a.shape[transposeA ? 0 : 1]
  const [rows, columns] = [sample(m), sample(n)]
  const parts = tf.tidy(() => [
    picked(a, rows, transposeA ? 1 : 0),
    picked(b, columns, transposeB ? 0 : 1),
    picked(picked(result, rows, 0), columns, 1),
  ])
  const [A, B, actual] = await Promise.all(parts.map((part) => part.data<'float32'>()))
  tf.dispose(parts)
  const expected = Float32Array.from(actual, (_, at) => {
    const [row, column] = [Math.floor(at / columns.length), at % columns.length]
    let sum = 0
    for (let i = 0; i < k; i++) {
      const left = A[transposeA ? i * rows.length + row : row * k + i]
      sum += left * B[transposeB ? column * k + i : i * columns.length + column]
    }
    return sum
  })
  return relativeError(actual, expected)
}

/** Indices from the first to the last. */
function sample(length: number): number[] {
  const count = Math.min(sampled, length)
  return Array.from({ length: count }, (_, i) => Math.floor((i * (length - 1)) / Math.max(1, count - 1)))
}

function picked(matrix: tf.Tensor2D, indices: readonly number[], axis: 0 | 1): tf.Tensor2D {
  return tf.gather(matrix, tf.tensor1d([...indices], 'int32'), axis)
}
