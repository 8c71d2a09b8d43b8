import type { GpuInfo } from '../../engines/webgpu/gpu-info.js'
import { matrixBytes, fitsUnit } from './matrix-shader.js'
import type { Product } from './product.js'
import { scalarBytes } from './scalar-shader.js'
import { type MatrixTiling, type MatrixUnit, type ScalarTiling, threadsOf } from './tiling.js'

/** A tiling with what it is expected to reach. */
export interface Candidate {
  tiling: ScalarTiling | MatrixTiling
  /** TFLOP/s supposed of an H200 full of such tiles, most of them guessed; the rule uses their ratios. */
  rate: number
}

const scalar = (
  [rows, columns, depth]: [number, number, number],
  [threadRows, threadColumns]: [number, number],
  rate: number,
): { tiling: ScalarTiling; rate: number } => ({
  tiling: { kind: 'scalar', rows, columns, depth, threadRows, threadColumns },
  rate,
})

const scalarCandidates = [
  scalar([128, 128, 16], [8, 8], 32),
  scalar([128, 128, 8], [8, 8], 30),
  scalar([128, 128, 32], [8, 8], 30),
  scalar([128, 64, 16], [8, 8], 28),
  scalar([64, 64, 16], [8, 4], 24),
  scalar([64, 64, 16], [4, 4], 20),
  scalar([32, 32, 16], [4, 4], 12),
  scalar([16, 64, 16], [4, 4], 10),
]

const matrices = (
  [rows, columns, depth]: [number, number, number],
  [subgroupRows, subgroupColumns]: [number, number],
  rate: number,
  variant: Partial<Pick<MatrixTiling, 'buffers' | 'packed' | 'unrolled'>> = {},
): { tiling: MatrixTiling; rate: number } => ({
  tiling: {
    ...{ kind: 'matrices', rows, columns, depth, subgroupRows, subgroupColumns },
    ...{ buffers: 1, packed: false, unrolled: false },
    ...variant,
  },
  rate,
})

const matrixCandidates = [
  matrices([128, 128, 32], [64, 32], 180, { buffers: 2 }),
  matrices([128, 128, 32], [64, 32], 170, { buffers: 2, unrolled: true }),
  matrices([128, 128, 32], [64, 32], 170),
  matrices([128, 128, 32], [64, 32], 150, { packed: true }),
  matrices([128, 128, 32], [64, 32], 150, { buffers: 2, packed: true }),
  matrices([128, 128, 32], [32, 64], 150, { buffers: 2 }),
  matrices([128, 128, 64], [64, 32], 150),
  matrices([128, 128, 64], [64, 32], 150, { packed: true }),
  matrices([128, 128, 32], [64, 64], 150),
  matrices([128, 128, 32], [64, 64], 150, { buffers: 2, packed: true }),
  matrices([128, 256, 32], [64, 64], 150),
  matrices([128, 256, 32], [64, 64], 150, { packed: true }),
  matrices([256, 128, 32], [64, 64], 150),
  matrices([256, 128, 32], [64, 64], 150, { packed: true }),
  matrices([128, 128, 16], [64, 32], 140, { buffers: 2 }),
  matrices([128, 128, 32], [32, 32], 120, { buffers: 2 }),
  matrices([128, 256, 16], [64, 64], 150, { buffers: 2 }),
  matrices([256, 128, 16], [64, 64], 150, { buffers: 2, packed: true }),
  matrices([128, 64, 32], [64, 32], 130),
  matrices([128, 64, 32], [64, 32], 130, { buffers: 2 }),
  matrices([64, 128, 32], [32, 64], 130, { buffers: 2 }),
  matrices([64, 64, 32], [32, 32], 100, { buffers: 2 }),
  matrices([64, 64, 64], [32, 32], 90),
  matrices([32, 64, 32], [16, 32], 60),
  matrices([32, 32, 16], [16, 16], 30),
  matrices([32, 32, 16], [16, 16], 20, { buffers: 2, packed: true }),
  matrices([16, 16, 8], [8, 8], 2),
  matrices([16, 16, 16], [8, 8], 1, { buffers: 2, packed: true }),
]

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
