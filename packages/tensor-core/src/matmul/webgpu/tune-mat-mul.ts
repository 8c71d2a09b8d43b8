import { gpuBackend } from '../../engines/webgpu/active-backend.js'
import { gpuInfo } from '../../engines/webgpu/gpu-info.js'
import { gpuReady } from '../../engines/webgpu/gpu-ready.js'
import { timeShaders } from '../../engines/webgpu/time-shaders.js'
import type { Precision } from '../../kernels/kernel.js'
import { createRandom } from '../../random/create-random.js'
import { tf } from '../../tf.js'
import type { MatMulChoice } from '../mat-mul-choice.js'
import { type MatMulShape, productFrom } from '../mat-mul-shape.js'
import { candidatesFor, candidatesKey } from './candidates.js'
import { dividedCandidates, ruledDivision, tunedDivisions } from './choose-division.js'
import { gpuMatMul, gpuMatMulProblem, keptPlans } from './gpu-mat-mul.js'
import { type Product, productKey } from './product.js'
import { type Division, divisionName, tilingName } from './tiling.js'

/** One way to compute a product, as {@link tuneMatMul} found it. */
export interface MatMulTrial {
  /** The way in words, for example `f16 128×128×32, 64×32 a subgroup`. */
  tiling: string
  /** Median time in milliseconds. */
  milliseconds: number
  /** Operations a second, in 10¹², a multiply-add counting as two. */
  tflops: number
  /** Largest difference from the float32 product, as a share of the largest magnitude. */
  maxError: number
  /** Whether it is what the rule gives without tuning. */
  ruled: boolean
  /** Whether it is used from now on. */
  chosen: boolean
}

/** What {@link tuneMatMul} found for one shape. */
export interface TunedMatMul {
  /** The shape with its defaults. */
  shape: Required<MatMulShape>
  /** By GPU time stamps or, on devices without, by the wall clock. */
  clock: 'gpu' | 'wall'
  /** The fastest first. */
  trials: MatMulTrial[]
  /** What is used from now on, to be kept; null when nothing gave the right product. */
  choice: MatMulChoice | null
}

/** How long a GPU works before its clock is read: an idle one slows down. */
const busyMs = 60

/** Largest errors of a way that may be chosen. */
const tolerances: Readonly<Record<Precision, number>> = { float32: 1e-5, mixed: 5e-3 }

/**
 * Measures every way in which the active device can compute matrix products of some shapes, and uses the fastest from
 * then on, for these shapes and for as long as the device is in use. Ways differ by rounding only; one that gives
 * something else is not chosen.
 *
 * @param shapes - the shapes; a single row or column has one way only and is left out
 * @param options - `rounds`: readings of each way, default 3; `report`: is told how far the work is
 * @returns what was measured, one entry for each shape
 * @throws SwatError `engine-unavailable` when another engine is active, `gpu` when the device refuses a shader
 */
export async function tuneMatMul(
  shapes: readonly MatMulShape[],
  options: { rounds?: number; report?: (progress: { done: number; total: number }) => void } = {},
): Promise<TunedMatMul[]> {
  gpuBackend('tuneMatMul')
  const { rounds = 3, report = () => {} } = options
  const products = shapes.map(productFrom).filter((product) => Math.min(product.m, product.n) > 1)
  const tuned: TunedMatMul[] = []
  for (const [done, product] of products.entries()) {
    report({ done, total: products.length })
    if (gpuMatMulProblem(product) === null) tuned.push(await tune(product, rounds))
  }
  report({ done: products.length, total: products.length })
  return tuned
}

interface Trial {
  division: Division
  maxError: number
  readings: number[]
}

async function tune(product: Product, rounds: number): Promise<TunedMatMul> {
  const { batches, m, n, k, transposeA, transposeB, precision } = product
  const ruled = divisionName(ruledDivision(product))
  const a = noise([batches, ...(transposeA ? [k, m] : [m, k])], 1)
  const b = noise([batches, ...(transposeB ? [n, k] : [k, n])], 2)
  const reference = gpuMatMul(a, b, { transposeA, transposeB })
  const compute = (division: Division) => gpuMatMul(a, b, { transposeA, transposeB, precision, division })
  try {
    const trials: Trial[] = []
    for (const division of waysOf(product)) {
      const maxError = await difference(compute(division), reference)
      trials.push({ division, maxError, readings: [] })
    }
    let clock: TunedMatMul['clock'] = 'wall'
    for (let round = 0; round < rounds; round++) {
      for (const { division, readings } of trials) {
        const call = () => compute(division).dispose()
        await keepBusy(call)
        const times = await timeShaders(call)
        clock = times.clock
        readings.push(times.milliseconds)
      }
    }
    return { shape: product, clock, ...choose(product, trials, ruled, clock) }
  } finally {
    tf.dispose([a, b, reference])
  }
}

/** Every tiling, with the number of parts that is expected to be best for it. */
function waysOf(product: Product): Division[] {
  return candidatesFor(product, gpuInfo()).map((candidate) => {
    const divided = dividedCandidates(product, [candidate])
    const { tiling, splits } = divided.reduce((best, next) => (next.seconds < best.seconds ? next : best))
    return { tiling, splits }
  })
}

function choose(
  product: Product,
  trials: readonly Trial[],
  ruled: string,
  clock: TunedMatMul['clock'],
): Pick<TunedMatMul, 'trials' | 'choice'> {
  const timed = trials
    .map((trial) => ({ ...trial, milliseconds: medianOf(trial.readings) }))
    .sort((a, b) => a.milliseconds - b.milliseconds)
  const best = timed.find(({ maxError }) => maxError <= tolerances[product.precision])
  let choice: MatMulChoice | null = null
  if (best) {
    const { division, milliseconds } = best
    const { tiling, splits: parts } = division
    const { device } = gpuInfo()
    choice = { device, list: candidatesKey, product, tiling: tilingName(tiling), parts, milliseconds, clock }
    tunedDivisions().set(productKey(product), { division, choice })
    keptPlans().clear()
  }
  const operations = 2 * product.batches * product.m * product.n * product.k
  const described = timed.map((trial) => {
    const { division, milliseconds, maxError } = trial
    const tiling = divisionName(division)
    const tflops = operations / milliseconds / 1e9
    return { tiling, milliseconds, tflops, maxError, ruled: tiling === ruled, chosen: trial === best }
  })
  return { trials: described, choice }
}

async function keepBusy(call: () => void): Promise<void> {
  if (gpuInfo().software) return
  for (const start = performance.now(); performance.now() - start < busyMs;) {
    for (let i = 0; i < 10; i++) call()
    await gpuReady()
  }
}

/** Random numbers that repeat after a prime number of elements: quick to make for large tensors. */
function noise(shape: number[], seed: number): tf.Tensor {
  const size = tf.util.sizeFromShape(shape)
  const period = 1_000_003
  const random = createRandom(seed)
  const values = Float32Array.from({ length: Math.min(size, period) }, () => 2 * random.next() - 1)
  return tf.tidy(() => {
    const tiled = tf.tile(tf.tensor1d(values), [Math.ceil(size / period)])
    return tf.reshape(tf.slice(tiled, [0], [size]), shape)
  })
}

/** Largest difference as a share of the largest magnitude; frees what it measures. */
async function difference(actual: tf.Tensor, expected: tf.Tensor): Promise<number> {
  const measured = tf.tidy(() => {
    const magnitudes = [tf.sub(actual, expected), expected].map((tensor) => tf.max(tf.max(tf.abs(tensor), -1)))
    return tf.stack(magnitudes)
  })
  const [largest, magnitude] = await measured.data()
  tf.dispose([actual, measured])
  return Number.isNaN(largest) ? Infinity : largest / magnitude
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[sorted.length >> 1]
}
