import { gpuBackend } from './active-backend.js'

/** One shape of matrix product that the device's matrix units compute: `[M, K]` times `[K, N]`. */
export interface SubgroupMatrixConfig {
  /** Type of the factors' elements, for example `f16`. */
  componentType: string
  /** Type of the product's elements, for example `f32`. */
  resultComponentType: string
  /** Rows of the left factor. */
  M: number
  /** Columns of the right factor. */
  N: number
  /** Columns of the left factor, rows of the right one. */
  K: number
}

/** What a shader author asks about the device. */
export interface GpuInfo {
  /** The device in words. */
  device: string
  /** Whether it is a program (SwiftShader, lavapipe …) and not a GPU. */
  software: boolean
  /** Features that are switched on, for example `shader-f16`, `subgroups`, `timestamp-query`. */
  features: ReadonlySet<string>
  /** The limits that concern compute shaders, named as in WebGPU. */
  limits: Readonly<Record<GpuLimit, number>>
  /** Number of invocations in a subgroup, least and most; 0 where there are none. */
  subgroupSize: {
    /** At least. */
    min: number
    /** At most. */
    max: number
  }
  /** Shapes of matrix product that subgroups compute together; empty where there are none. */
  subgroupMatrixConfigs: readonly SubgroupMatrixConfig[]
}

/** Limits that concern compute shaders; the device is asked for all that its adapter has. */
export const gpuLimits = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxUniformBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupSizeZ',
  'maxComputeWorkgroupsPerDimension',
] as const

/** A limit of a device that concerns compute shaders. */
export type GpuLimit = (typeof gpuLimits)[number]

/**
 * The active device as a shader author needs to know it.
 *
 * @returns features, limits, subgroups
 * @throws SwatError `engine-unavailable` when another engine is active
 */
export function gpuInfo(): GpuInfo {
  return gpuBackend('gpuInfo').about
}
