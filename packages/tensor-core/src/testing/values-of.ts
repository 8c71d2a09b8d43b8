import { tf } from '../tf.js'
import type { GoldenTensor } from './expect-close.js'

/**
 * Runs a computation and reads what it returns, on any engine; frees everything.
 *
 * @param compute - returns tensors by name
 * @returns their shapes and values by the same names
 */
export async function valuesOf<Name extends string>(
  compute: () => Record<Name, tf.Tensor>,
): Promise<Record<Name, GoldenTensor>> {
  const tensors = tf.tidy(compute)
  const names = Object.keys(tensors) as Name[]
  try {
    const values = await Promise.all(names.map((name) => tensors[name].data()))
    const golden = names.map((name, i) => [name, { shape: tensors[name].shape, data: [...values[i]] }] as const)
    return Object.fromEntries(golden) as unknown as Record<Name, GoldenTensor>
  } finally {
    tf.dispose(tensors)
  }
}
