import { tf } from '../../tf.js'
import type { GpuBackend } from './gpu-backend.js'

/**
 * TensorFlow.js binds all operands of `addN` to one shader, and so fails beyond the device's limit of some ten. This
 * makes it add them in groups.
 */
export function mendAddN(): void {
  const stock = tf.getKernel('AddN', 'webgpu')
  tf.unregisterKernel('AddN', 'webgpu')
  tf.registerKernel({
    ...stock,
    kernelFunc: ({ inputs, backend, attrs }) => {
      const gpu = backend as GpuBackend
      const add = (operands: tf.TensorInfo[]) =>
        stock.kernelFunc({ inputs: operands as unknown as tf.NamedTensorInfoMap, backend, attrs }) as tf.TensorInfo
      const [first, ...rest] = inputs as unknown as tf.TensorInfo[]
      const groupSize = gpu.about.limits.maxStorageBuffersPerShaderStage - 2 // besides the sum so far and the result
      let sum = add([first, ...rest.splice(0, groupSize)])
      while (rest.length > 0) {
        const soFar = sum
        sum = add([soFar, ...rest.splice(0, groupSize)])
        gpu.disposeData(soFar.dataId)
      }
      return sum
    },
  })
}
