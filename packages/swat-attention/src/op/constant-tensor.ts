import { rememberOnDevice, tf } from '@swat-js/tensor-core'

/** Lists whose tensors stay on a GPU; far more than one call takes. */
const mostKept = 64

/**
 * Numbers as a tensor. On a GPU, where an upload costs more than a dispatch, the lists used last keep their tensors as
 * long as the device lives: slopes and biases are few and short. Ask anew in each pass: a later call may dispose of it.
 */
export function constantTensor(values: number[]): tf.Tensor1D {
  if (tf.getBackend() !== 'webgpu') return tf.tensor1d(values)
  const kept = rememberOnDevice<Record<string, tf.Tensor1D>>('constants', () => ({})) // used last = last
  const key = `constant ${values.join(' ')}`
  const tensor = kept[key] ?? tf.keep(tf.tensor1d(values))
  delete kept[key]
  kept[key] = tensor
  const [oldest, ...rest] = Object.keys(kept)
  if (rest.length >= mostKept) {
    kept[oldest].dispose()
    delete kept[oldest]
  }
  return tensor
}
