import type { GpuInfo } from '../../engines/webgpu/gpu-info.js'
import { matrixBytes, fitsUnit } from './matrix-shader.js'
import type { Product } from './product.js'
import { scalarBytes } from './scalar-shader.js'
import { type MatrixTiling, type MatrixUnit, type ScalarTiling, threadsOf, tilingName } from './tiling.js'

/** A tiling with what it is expected to reach. */
export interface Candidate {
  tiling: ScalarTiling | MatrixTiling
  /**
   * TFLOP/s of an H100 full of such tiles, its stores aside, fitted to LOG.md, 2026-11-26. Below 25 in mixed they are
   * guesses: tilings for smaller matrix units, which that card does not run.
   */
  rate: number
  /** Workgroups that share one of the device's processors: while one stores, the others multiply. */
  perUnit: number
}

const scalar = (
  [rows, columns, depth]: [number, number, number],
  [threadRows, threadColumns]: [number, number],
  rate: number,
  { halves = false, squares = false }: Partial<Pick<ScalarTiling, 'halves' | 'squares'>> = {},
): Candidate & { tiling: ScalarTiling } => ({
  tiling: { kind: 'scalar', rows, columns, depth, threadRows, threadColumns, halves, squares },
  rate,
  perUnit: 1,
})

/** A rate that keeps a tiling from the rule as long as it was not measured; `tuneMatMul` tries it. */
const unmeasured = 10

const scalarCandidates = [
  scalar([128, 128, 16], [8, 8], 34),
  scalar([128, 128, 16], [8, 8], unmeasured, { halves: true }),
  scalar([128, 128, 16], [8, 8], unmeasured, { squares: true }),
  scalar([128, 128, 16], [8, 8], unmeasured, { halves: true, squares: true }),
  scalar([128, 128, 8], [8, 8], 30),
  scalar([128, 128, 32], [8, 8], 33),
  scalar([128, 64, 16], [8, 8], 28),
  scalar([64, 64, 16], [8, 4], 28),
  scalar([64, 64, 16], [8, 4], unmeasured, { halves: true, squares: true }),
  scalar([64, 64, 16], [4, 4], 25),
  scalar([32, 32, 16], [4, 4], 20),
  scalar([16, 64, 16], [4, 4], 18),
]

const matrices = (
  [rows, columns, depth]: [number, number, number],
  [subgroupRows, subgroupColumns]: [number, number],
  rate: number,
  variant: Partial<Pick<MatrixTiling, 'buffers' | 'packed' | 'unrolled'> & Pick<Candidate, 'perUnit'>> = {},
): Candidate & { tiling: MatrixTiling } => {
  const { perUnit = 1, buffers = 1, packed = false, unrolled = false } = variant
  const tile = { rows, columns, depth, subgroupRows, subgroupColumns }
  return { tiling: { kind: 'matrices', ...tile, buffers, packed, unrolled }, rate, perUnit }
}

const matrixCandidates = [
  matrices([128, 256, 32], [64, 64], 252),
  matrices([128, 256, 32], [64, 64], 247, { unrolled: true }),
  matrices([256, 128, 32], [64, 64], 247),
  matrices([128, 128, 32], [64, 64], 225, { perUnit: 2 }),
  matrices([128, 128, 32], [64, 64], 220, { unrolled: true, perUnit: 2 }),
  matrices([128, 128, 32], [64, 64], 220, { packed: true, unrolled: true, perUnit: 2 }),
  matrices([128, 128, 64], [64, 64], 240, { packed: true, perUnit: 2 }),
  matrices([128, 128, 64], [64, 32], 260, { packed: true }),
  matrices([128, 128, 64], [64, 32], 210),
  matrices([128, 128, 32], [64, 32], 160, { buffers: 2 }),
  matrices([128, 64, 32], [64, 32], 153, { perUnit: 2 }),
  matrices([64, 64, 64], [32, 32], 132, { perUnit: 2 }),
  matrices([32, 64, 32], [16, 32], 94, { perUnit: 4 }),
  matrices([32, 32, 16], [16, 16], 52, { perUnit: 4 }),
  matrices([32, 32, 16], [16, 16], 20, { buffers: 2, packed: true }),
  matrices([16, 16, 8], [8, 8], 2),
  matrices([16, 16, 16], [8, 8], 1, { buffers: 2, packed: true }),
]

/** What identifies the list of tilings: another one when a tiling comes or goes. */
export const candidatesKey = digestOf([...scalarCandidates, ...matrixCandidates])

/** FNV-1a, 32 bits, in hexadecimal. */
function digestOf(candidates: readonly Candidate[]): string {
  const names = candidates.map(({ tiling }) => tilingName(tiling))
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(names.join('\n'))) hash = Math.imul(hash ^ byte, 0x01000193)
  return (hash >>> 0).toString(16).padStart(8, '0')
}

/**
 * The tilings that a device can run for a product, matrix units first where the product may use them.
 *
 * @param product - the product
 * @param device - the device
 * @returns at least one
 */
export function candidatesFor(product: Product, device: GpuInfo): readonly Candidate[] {
  const { maxComputeWorkgroupStorageSize: memory, maxComputeInvocationsPerWorkgroup: threads } = device.limits
  const fitting = scalarCandidates.filter(
    ({ tiling }) => scalarBytes(tiling) <= memory && threadsOf(tiling, 0) <= threads,
  )
  const ofDevice = product.precision === 'mixed' ? matrixUnit(device) : null
  // a shader that stores whole matrices cannot be bound to a smaller result
  const unit = ofDevice && product.batches * product.m * product.n >= ofDevice.M * ofDevice.N ? ofDevice : null
  if (!unit) return fitting
  const onMatrices = matrixCandidates.filter(({ tiling }) => {
    const oneMatrix = tiling.subgroupRows === unit.M && tiling.subgroupColumns === unit.N
    return (
      fitsUnit(tiling, unit) &&
      matrixBytes(product, tiling, unit) <= memory &&
      threadsOf(tiling, unit.subgroupSize) <= threads &&
      (oneMatrix || !device.software) // else their compilers take long
    )
  })
  return onMatrices.length > 0 ? onMatrices : fitting
}

/**
 * The device's matrix unit with f16 factors and f32 sums; null where it has none, or subgroups vary in size.
 *
 * @param device - the device
 */
export function matrixUnit({ features, subgroupMatrixConfigs, subgroupSize }: GpuInfo): MatrixUnit | null {
  if (!features.has('shader-f16') || subgroupSize.min !== subgroupSize.max) return null
  const fitting = subgroupMatrixConfigs.filter(
    ({ componentType, resultComponentType, M, N, K }) =>
      componentType === 'f16' && resultComponentType === 'f32' && [M, N, K].every((size) => size % 8 === 0),
  )
  const [largest] = [...fitting].sort((a, b) => b.M * b.N * b.K - a.M * a.N * a.K)
  return largest ? { M: largest.M, N: largest.N, K: largest.K, subgroupSize: subgroupSize.min } : null
}
