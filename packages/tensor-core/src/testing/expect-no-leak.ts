import { tf } from '../tf.js'

/**
 * Runs a function and throws if TensorFlow.js holds more or fewer tensors or bytes afterwards.
 *
 * @param run - the work; it disposes what it makes
 * @returns what `run` returned
 */
export async function expectNoLeak<T>(run: () => T | Promise<T>): Promise<T> {
  const before = tf.memory()
  const result = await run()
  const after = tf.memory()
  if (after.numTensors !== before.numTensors || after.numBytes !== before.numBytes) {
    throw new Error(
      `tensors: ${before.numTensors} before, ${after.numTensors} after; ` +
        `bytes: ${before.numBytes} before, ${after.numBytes} after`,
    )
  }
  return result
}
