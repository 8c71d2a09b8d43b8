import { SwatError } from '../../swat-error.js'
import { tf } from '../../tf.js'
import type { EngineLoader } from '../engine.js'
import { isGpuBackend } from './active-backend.js'
import type { GpuInfo } from './gpu-info.js'
import { requestDevice } from './request-device.js'

/** GPUs through WebGPU: the browser's own, Dawn (npm package `webgpu`) in Node. */
export const engine: EngineLoader = {
  backend: 'webgpu',
  async start({ allowSoftware }) {
    const about = healthyDevice({ allowSoftware }) ?? (await startDevice({ allowSoftware }))
    await tf.setBackend('webgpu')
    return { device: about.device, features: [...about.features], limits: about.limits }
  },
}

/** The device of an earlier start, if it works and will do. */
function healthyDevice({ allowSoftware }: { allowSoftware: boolean }): GpuInfo | null {
  const backend = tf.engine().registry.webgpu ?? null
  if (!isGpuBackend(backend) || backend.failure) return null
  return backend.about.software && !allowSoftware ? null : backend.about
}

async function startDevice(options: { allowSoftware: boolean }): Promise<GpuInfo> {
  const gpu = await requestDevice(options)
  const { GpuBackend } = await import('./gpu-backend.js')
  const backend = withNavigator(gpu.owner, () => new GpuBackend(gpu))
  if (tf.engine().registryFactory.webgpu) tf.removeBackend('webgpu') // TensorFlow.js's own, or one that failed
  tf.registerBackend('webgpu', () => backend, 3)
  if (globalThis.process?.env?.SWAT_GPU_CHECKS === '1') tf.env().set('WEBGPU_CPU_FORWARD', false)
  if (!(await tf.setBackend('webgpu'))) {
    throw new SwatError('engine-unavailable', 'useEngine: the WebGPU backend of TensorFlow.js did not start.')
  }
  return gpu.about
}

/** The backend's constructor insists on `navigator.gpu`; Node keeps none, as packages take it for a browser by that. */
function withNavigator<T>(gpu: GPU, construct: () => T): T {
  if (globalThis.navigator?.gpu) return construct()
  const before = Object.getOwnPropertyDescriptor(globalThis, 'navigator')
  Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true })
  try {
    return construct()
  } finally {
    if (before) Object.defineProperty(globalThis, 'navigator', before)
    else Reflect.deleteProperty(globalThis, 'navigator')
  }
}
