import { useEngine } from '../engines/use-engine.js'
import { valueAndGradients } from '../gradients/value-and-gradients.js'
import type { KernelPolicy } from '../kernels/kernel.js'
import { createRandom } from '../random/create-random.js'
import { tf } from '../tf.js'
import type { GoldenTensor } from './expect-close.js'
import type { KernelPair } from './kernel-pairs.js'
import { valuesOf } from './values-of.js'

/** One call of an op, as data that can be repeated on any engine. */
export interface OpCase {
  /** What is special about it, shown by the test runner. */
  name: string
  /** Differentiable inputs by name. */
  inputs: Readonly<Record<string, GoldenTensor>>
  /** Calls the op. */
  run(inputs: Record<string, tf.Tensor>, kernels: KernelPolicy): tf.Tensor
}

/**
 * Runs a case on one engine and kernel: its output, and the gradient of a fixed weighted sum of the output with respect
 * to every input. Leaves that engine selected.
 *
 * @param opCase - the call
 * @param on - engine, kernel and precision
 * @returns the output and the gradients by input name
 */
export async function outputAndGradients(
  opCase: OpCase,
  on: KernelPair,
): Promise<{ output: GoldenTensor; gradients: Record<string, GoldenTensor> }> {
  await useEngine({ backend: on.backend })
  const kernels: KernelPolicy = { use: on.use, precision: on.precision }
  const { output, ...gradients } = await valuesOf(() => {
    const inputs = Object.fromEntries(
      Object.entries(opCase.inputs).map(([name, { shape, data }]) => [name, tf.tensor([...data], [...shape])]),
    )
    const output = opCase.run(inputs, kernels)
    const weights = randomTensor(output.shape, 1)
    const loss = (parameters: Record<string, tf.Tensor>) =>
      tf.sum(tf.mul(opCase.run(parameters, kernels), tf.tensor([...weights.data], output.shape))) as tf.Scalar
    return { ...valueAndGradients(loss, inputs).gradients, output }
  })
  return { output, gradients }
}

/**
 * Normally distributed values, exact in float32.
 *
 * @param shape - the shape
 * @param seed - of the random generator
 * @param scale - standard deviation; default 1
 * @returns the values as data
 */
export function randomTensor(shape: readonly number[], seed: number, scale = 1): GoldenTensor {
  const random = createRandom(seed)
  const size = shape.reduce((product, axis) => product * axis, 1)
  return { shape, data: Array.from({ length: size }, () => Math.fround(scale * random.normal())) }
}
