import { gpuInfo } from '../../engines/webgpu/gpu-info.js'
import { rememberOnDevice } from '../../engines/webgpu/remember-on-device.js'
import { runShader } from '../../engines/webgpu/run-shader.js'
import { uninitializedGpuTensor } from '../../engines/webgpu/uninitialized-gpu-tensor.js'
import type { Precision } from '../../kernels/kernel.js'
import type { tf } from '../../tf.js'
import { matrixUnit } from './candidates.js'
import { divisionFor } from './choose-division.js'
import { type Plan, planOf, planProblem } from './plan.js'
import { type Product, productKey } from './product.js'
import { type Division, divisionName } from './tiling.js'

/** Options of {@link gpuMatMul}. */
export interface GpuMatMulOptions {
  /** Multiply with `a` transposed in its last two axes. */
  transposeA?: boolean
  /** Multiply with `b` transposed in its last two axes. */
  transposeB?: boolean
  /** The arithmetic that is permitted; default `float32`. */
  precision?: Precision
  /** What the result is multiplied by; default 1. */
  scale?: number
  /** How the product is divided among workgroups; default as tuned, else by a rule. */
  division?: Division
}

/**
 * Matrix product on the webgpu engine: f32 in memory; `mixed` rounds factors to f16 and adds up in f32 on matrix units
 * where the device has them. Factors beyond 65,504 become infinite then.
 *
 * @param a - `[m, k]` or `[batches, m, k]`, or with the last two axes swapped and `transposeA`
 * @param b - `[k, n]` or `[batches, k, n]`, likewise
 * @param options - see {@link GpuMatMulOptions}
 * @returns `[m, n]` or `[batches, m, n]`
 * @throws SwatError `gpu` when a tensor is beyond the device's limits
 */
export function gpuMatMul(a: tf.Tensor, b: tf.Tensor, options: GpuMatMulOptions = {}): tf.Tensor {
  const product = productOf(a.shape, b.shape, options)
  const { scale = 1, division } = options
  const { swapped, plan } = division ? makePlan(product, scale, division) : keptPlan(product, scale)
  const result = uninitializedGpuTensor([...a.shape.slice(0, -2), product.m, product.n])
  const [left, right] = swapped ? [b, a] : [a, b]
  const temporary: tf.Tensor[] = []
  const temporaryTensor = (shape: number[], dtype?: 'int32') => {
    temporary.push(uninitializedGpuTensor(shape, dtype))
    return temporary[temporary.length - 1]
  }
  const factors = [left, right].map((factor, i) => {
    const packing = plan.packings[i]
    if (!packing) return factor
    const copy = temporaryTensor(packing.shape, 'int32')
    runShader({ ...packing, inputs: [factor], outputs: [copy] })
    return copy
  })
  const parts = plan.partsShape ? temporaryTensor(plan.partsShape) : null
  runShader({ ...plan.product, inputs: factors, outputs: [parts ?? result] })
  if (parts && plan.sum) runShader({ ...plan.sum, inputs: [parts], outputs: [result] })
  for (const tensor of temporary) tensor.dispose()
  return result
}

/**
 * Why {@link gpuMatMul} cannot compute a product on the active device; null when it can.
 *
 * @param product - the product
 */
export function gpuMatMulProblem(product: Product): string | null {
  const { batches, m, n, k } = product
  if (batches * m * n * k === 0) return 'a factor is empty'
  return keptPlan(product, 1).problem
}

/**
 * How the active device computes a product, in words.
 *
 * @param product - the product
 */
export function gpuMatMulDivision(product: Product): string {
  return divisionName(divisionFor(asRow(product).product))
}

/**
 * Why a division cannot compute a product on the active device; null when it can.
 *
 * @param product - the product
 * @param division - the division
 */
export function divisionProblem(product: Product, division: Division): string | null {
  return makePlan(product, 1, division).problem
}

/**
 * The product of two tensors.
 *
 * @param a - shape of the left factor
 * @param b - shape of the right factor
 * @param options - which factors are transposed, and the arithmetic
 */
export function productOf(
  a: readonly number[],
  b: readonly number[],
  { transposeA = false, transposeB = false, precision = 'float32' }: GpuMatMulOptions,
): Product {
  const [rows, columns] = a.slice(-2)
  const [m, k] = transposeA ? [columns, rows] : [rows, columns]
  const batches = a.slice(0, -2).reduce((count, axis) => count * axis, 1)
  return { batches, m, n: b[b.length - (transposeB ? 2 : 1)], k, transposeA, transposeB, precision }
}

interface OwnPlan {
  product: Product
  plan: Plan
  swapped: boolean
  problem: string | null
}

/** A column is computed as the row that it is in memory: the factors swap sides. */
function asRow(product: Product): { product: Product; swapped: boolean } {
  const { m, n, transposeA, transposeB } = product
  if (n !== 1 || m === 1) return { product, swapped: false }
  return { product: { ...product, m: n, n: m, transposeA: !transposeB, transposeB: !transposeA }, swapped: true }
}

function makePlan(given: Product, scale: number, division?: Division): OwnPlan {
  const { product, swapped } = division ? { product: given, swapped: false } : asRow(given)
  const device = gpuInfo()
  const unit = matrixUnit(device)
  const plan = planOf(product, division ?? divisionFor(product), scale, unit, rememberOnDevice)
  return { product, plan, swapped, problem: planProblem(plan, device.limits.maxStorageBufferBindingSize) }
}

function keptPlan(product: Product, scale: number): OwnPlan {
  const plans = keptPlans()
  const key = `${productKey(product)} ${scale}`
  let plan = plans.get(key)
  if (!plan) plans.set(key, (plan = makePlan(product, scale)))
  return plan
}

/** Plans by product, which are forgotten when what is tuned changes. */
export function keptPlans(): Map<string, OwnPlan> {
  return rememberOnDevice('matMul plans', () => new Map<string, OwnPlan>())
}
