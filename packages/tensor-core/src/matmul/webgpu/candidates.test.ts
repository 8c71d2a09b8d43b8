import { expect, it } from 'vitest'
import type { GpuInfo } from '../../engines/webgpu/gpu-info.js'
import { candidatesFor, candidatesKey, matrixUnit } from './candidates.js'
import type { Product } from './product.js'
import { tilingName } from './tiling.js'

const limits = { maxComputeWorkgroupStorageSize: 49152, maxComputeInvocationsPerWorkgroup: 1024 }
const device = {
  device: 'a GPU with matrix units of 16 × 16 × 16',
  software: false,
  features: new Set(['shader-f16', 'subgroups']),
  limits: limits as GpuInfo['limits'],
  subgroupSize: { min: 32, max: 32 },
  subgroupMatrixConfigs: [
    { componentType: 'f16', resultComponentType: 'f16', M: 16, N: 16, K: 16 },
    { componentType: 'f16', resultComponentType: 'f32', M: 16, N: 8, K: 8 },
    { componentType: 'f16', resultComponentType: 'f32', M: 16, N: 16, K: 16 },
    { componentType: 'i8', resultComponentType: 'i32', M: 16, N: 16, K: 32 },
  ],
} satisfies GpuInfo
const product: Product = {
  ...{ batches: 1, m: 512, n: 512, k: 512, transposeA: false, transposeB: true },
  precision: 'mixed',
}
const kinds = (device: GpuInfo, precision: Product['precision'] = 'mixed') => [
  ...new Set(candidatesFor({ ...product, precision }, device).map(({ tiling }) => tiling.kind)),
]

it('mixed uses the largest matrix unit with f32 sums, float32 none', () => {
  expect(matrixUnit(device)).toEqual({ M: 16, N: 16, K: 16, subgroupSize: 32 })
  expect(kinds(device)).toEqual(['matrices'])
  expect(kinds(device, 'float32')).toEqual(['scalar'])
})

it('mixed is computed in float32 without f16, without matrix units, and where subgroups vary in size', () => {
  expect(kinds({ ...device, features: new Set(['subgroups']) })).toEqual(['scalar'])
  expect(kinds({ ...device, subgroupMatrixConfigs: [] })).toEqual(['scalar'])
  expect(kinds({ ...device, subgroupSize: { min: 8, max: 32 } })).toEqual(['scalar'])
})

it('leaves out what does not fit in workgroup memory or in a workgroup', () => {
  const largest = ({ limits }: { limits: GpuInfo['limits'] }, precision: Product['precision']) =>
    Math.max(...candidatesFor({ ...product, precision }, { ...device, limits }).map(({ tiling }) => tiling.columns))
  expect(largest({ limits: { ...device.limits, maxComputeWorkgroupStorageSize: 16384 } }, 'float32')).toBe(128)
  expect(largest({ limits: { ...device.limits, maxComputeWorkgroupStorageSize: 8192 } }, 'float32')).toBe(64)
  expect(largest({ limits: { ...device.limits, maxComputeInvocationsPerWorkgroup: 64 } }, 'float32')).toBe(64)
  expect(largest({ limits: device.limits }, 'mixed')).toBe(256)
})

it('names every tiling differently, so that a kept choice means one of them', () => {
  const names = (['float32', 'mixed'] as const).flatMap((precision) =>
    candidatesFor({ ...product, precision }, device).map(({ tiling }) => tilingName(tiling)),
  )
  expect(new Set(names).size).toBe(names.length)
  expect(candidatesKey).toMatch(/^[0-9a-f]{8}$/)
})
