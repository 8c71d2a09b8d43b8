import { rememberOnDevice, tf } from '@swat-js/tensor-core'

/**
 * Numbers as a tensor. On a GPU, where an upload costs more than a dispatch, each list is uploaded once and its tensor
 * lives as long as the device: slopes and biases are few and short.
 */
export function constantTensor(values: number[]): tf.Tensor1D {
  if (tf.getBackend() !== 'webgpu') return tf.tensor1d(values)
  return rememberOnDevice(`constant ${values.join(' ')}`, () => tf.keep(tf.tensor1d(values)))
}
