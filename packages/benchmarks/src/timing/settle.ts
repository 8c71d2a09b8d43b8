import { gpuReady, tf } from '@swat-js/tensor-core'

/**
 * Waits until a tensor's numbers are there: a GPU is only told to compute them. Reads one number at most.
 *
 * @param tensor - on the active backend, of any rank but 0
 */
export async function settle(tensor: tf.Tensor): Promise<void> {
  if (tf.getBackend() === 'webgpu') return gpuReady()
  const start = tensor.shape.map(() => 0)
  const one = tensor.shape.map(() => 1)
  const element = tf.slice(tensor, start, one)
  await element.data()
  element.dispose()
}
