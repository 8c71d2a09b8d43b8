import { gpuInfo, type Precision, rememberOnDevice } from '@swat-js/tensor-core'
import type { Arithmetic } from './arithmetic.js'
import { matrixArithmetic, type MatrixTiling, type MatrixUnit } from './matrix-arithmetic.js'
import { type PassName, passes } from './pass.js'
import { scalarArithmetic } from './scalar-arithmetic.js'

/** Largest head whose fragments fit in a subgroup's registers. */
const largestMatrixHeadDim = 128

/** Measured on an H200 for heads of 64: larger tiles leave too few workgroups to hide the wait for memory. */
const matrixTiling: MatrixTiling = { rows: 32, columns: 16, bands: 1 }

/** How a pass of a call multiplies on the active device. */
export function arithmeticFor(pass: PassName, headDim: number, precision: Precision): Arithmetic {
  return rememberOnDevice(`swatAttention arithmetic ${pass} ${headDim} ${precision}`, () => {
    const settings = { headDim, plan: passes[pass] }
    const unit = precision === 'mixed' && headDim <= largestMatrixHeadDim ? matrixUnit() : null
    if (!unit) return scalarArithmetic(settings)
    const matrices = matrixArithmetic(settings, unit, matrixTiling)
    const memory = gpuInfo().limits.maxComputeWorkgroupStorageSize
    return matrices && matrices.shape.workgroupBytes <= memory ? matrices : scalarArithmetic(settings)
  })
}

/** The device's matrix units with f16 operands and f32 sums; null where there are none, or subgroups vary in size. */
export function matrixUnit(): MatrixUnit | null {
  const { features, subgroupMatrixConfigs, subgroupSize } = gpuInfo()
  if (!features.has('shader-f16') || subgroupSize.min !== subgroupSize.max) return null
  const fitting = subgroupMatrixConfigs.filter(
    ({ componentType, resultComponentType, M, N, K }) =>
      componentType === 'f16' &&
      resultComponentType === 'f32' &&
      matrixTiling.rows % M === 0 &&
      matrixTiling.columns % N === 0 &&
      matrixTiling.columns % K === 0,
  )
  const [largest] = fitting.sort((a, b) => b.M * b.N * b.K - a.M * a.N * a.K)
  return largest ? { M: largest.M, N: largest.N, K: largest.K, subgroupSize: subgroupSize.min } : null
}
