import { SwatError } from '../../swat-error.js'
import { createDawn } from './dawn.js'
import { gpuLimits, type GpuInfo, type GpuLimit } from './gpu-info.js'

/** A device with what must live as long as it does. */
export interface GpuDevice {
  /** The device. */
  device: GPUDevice
  /** What the adapter says about itself. */
  adapterInfo: GPUAdapterInfo
  /** What is known about the device. */
  about: GpuInfo
  /** Where the device comes from: Dawn crashes when it is collected first. */
  owner: GPU
}

/** Features that shaders of ours use where they are there. */
const wantedFeatures = [
  'shader-f16',
  'subgroups',
  'subgroup-size-control',
  'chromium-experimental-subgroup-matrix',
  'timestamp-query',
] as GPUFeatureName[]

/** What Chromium's WebGPU has and the specification has not yet. */
interface ExperimentalInfo {
  subgroupMatrixConfigs?: Iterable<GpuInfo['subgroupMatrixConfigs'][number]>
}

/**
 * A device with every feature and limit of its adapter that is of use to us: `navigator.gpu` in browsers, Dawn in Node.
 *
 * @param options - `allowSoftware`: whether a program that plays a GPU will do
 * @returns the device
 * @throws SwatError `engine-unavailable` with the reason when there is none
 */
export async function requestDevice({ allowSoftware }: { allowSoftware: boolean }): Promise<GpuDevice> {
  const { adapter, owner } = await requestAdapter()
  const software = isSoftware(adapter)
  if (software && !allowSoftware) {
    throw unavailable(
      `the only GPU is a software one (${describe(adapter.info)}), which is slower than WebAssembly. ` +
        "Ask for it by name if you want it: useEngine({ backend: 'webgpu' }).",
    )
  }
  const requiredFeatures = wantedFeatures.filter((feature) => adapter.features.has(feature))
  const limits = Object.fromEntries(gpuLimits.map((name) => [name, adapter.limits[name]])) as Record<GpuLimit, number>
  const device = await adapter.requestDevice({ label: 'swat', requiredFeatures, requiredLimits: limits })
  const { subgroupMinSize: min = 0, subgroupMaxSize: max = 0 } = adapter.info
  const about: GpuInfo = {
    device: `${describe(adapter.info)}${software ? ', software' : ''}`,
    software,
    features: new Set<string>(requiredFeatures),
    limits,
    subgroupSize: { min, max },
    subgroupMatrixConfigs: matrixConfigs(adapter.info, requiredFeatures),
  }
  return { device, adapterInfo: adapter.info, about, owner }
}

/**
 * The fastest adapter of this machine or browser.
 *
 * @returns the adapter and where it comes from
 * @throws SwatError `engine-unavailable` with the reason when there is none
 */
export async function requestAdapter(): Promise<{ adapter: GPUAdapter; owner: GPU }> {
  const owner = globalThis.navigator?.gpu ?? (await createDawn())
  const adapter = await owner.requestAdapter({ powerPreference: 'high-performance' })
  if (!adapter) throw unavailable('WebGPU finds no GPU here. `vulkaninfo` (Linux) or chrome://gpu tell more.')
  return { adapter, owner }
}

function unavailable(reason: string): SwatError {
  return new SwatError('engine-unavailable', `useEngine: ${reason}`)
}

function describe({ vendor, architecture, device, description }: GPUAdapterInfo): string {
  const names = [device, description, [vendor, architecture].filter(Boolean).join(' ')].filter(Boolean)
  return [...new Set(names)].join(', ') || 'a GPU that does not give its name'
}

function isSoftware(adapter: GPUAdapter): boolean {
  const { vendor, architecture, device, description, isFallbackAdapter } = adapter.info
  const names = [vendor, architecture, device, description].join(' ')
  return isFallbackAdapter || /swiftshader|llvmpipe|lavapipe|software|basic render|\bwarp\b/i.test(names)
}

function matrixConfigs(info: GPUAdapterInfo, features: readonly string[]): GpuInfo['subgroupMatrixConfigs'] {
  if (!features.includes('chromium-experimental-subgroup-matrix')) return []
  const configs = (info as ExperimentalInfo).subgroupMatrixConfigs ?? []
  return [...configs].map(({ componentType, resultComponentType, M, N, K }) => ({
    componentType,
    resultComponentType,
    M,
    N,
    K,
  }))
}
