import { type BackendName, createRandom, type KernelName, tf, useEngine, valueAndGradients } from '@swat-js/tensor-core'
import { expectClose, valuesOf } from '@swat-js/tensor-core/testing'
import { applyRotary } from '../apply-rotary.js'
import { rotaryTables } from '../rotary-tables.js'
import type { RotaryCase } from './cases.js'

/** Where a kernel is tested. */
export interface KernelUnderTest {
  /** The engine. */
  backend: BackendName
  /** The kernel. */
  use: KernelName
}

/**
 * Compares a kernel's output and gradient with the reference's. Leaves the kernel's engine selected.
 *
 * @param rotaryCase - the call
 * @param on - engine and kernel
 * @throws Error that names the tensor and its worst element
 */
export async function checkRotaryCase(rotaryCase: RotaryCase, on: KernelUnderTest): Promise<void> {
  const expected = await outputAndGradient(rotaryCase, { backend: 'cpu', use: 'cpu' })
  const actual = await outputAndGradient(rotaryCase, on)
  expectClose(actual.output.data, expected.output.data, { relative: 2e-7, name: 'output' })
  expectClose(actual.gradient.data, expected.gradient.data, { relative: 2e-7, name: 'gradient' })
}

async function outputAndGradient({ shape, style, start }: RotaryCase, { backend, use }: KernelUnderTest) {
  await useEngine({ backend })
  return valuesOf(() => {
    const tables = rotaryTables({ headDim: shape[3], positions: { start, length: shape[1] } })
    const rotate = (x: tf.Tensor4D) => applyRotary(x, tables, { style, kernels: { use } })
    const [x, weights] = [1, 2].map((seed) => {
      const random = createRandom(seed)
      return tf.tensor4d(
        Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => random.normal()),
        shape,
      )
    })
    const loss = ({ x }: { x: tf.Tensor4D }) => tf.sum(tf.mul(rotate(x), weights)) as tf.Scalar
    return { output: rotate(x), gradient: valueAndGradients(loss, { x }).gradients.x }
  })
}
