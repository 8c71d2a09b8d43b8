import { tf } from '@swat-js/tensor-core'

/**
 * Runs work on TensorFlow.js's plain JavaScript backend, where the reference kernels run, and goes back. Tensors of the
 * other backend stay where they are: read their numbers before.
 *
 * @param work - its tensors are freed; it returns plain numbers
 * @returns what `work` returns
 */
export async function onReferenceBackend<Result>(work: () => Result): Promise<Result> {
  const active = tf.getBackend()
  await tf.setBackend('cpu')
  Object.assign(tf.backend(), { firstUse: false }) // else the first tensor prints an advertisement for tfjs-node
  tf.engine().startScope()
  try {
    return work()
  } finally {
    tf.engine().endScope()
    await tf.setBackend(active)
  }
}
