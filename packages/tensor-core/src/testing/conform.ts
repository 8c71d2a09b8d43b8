import { it } from 'vitest'
import type { Precision } from '../kernels/kernel.js'
import { expectClose } from './expect-close.js'
import { describeOn, type KernelPair } from './kernel-pairs.js'
import { outputAndGradients, type OpCase } from './output-and-gradients.js'

/** Shares of the largest magnitude. */
const tolerances: Readonly<Record<Precision, { output: number; gradients: number }>> = {
  float32: { output: 2e-6, gradients: 1e-5 },
  mixed: { output: 5e-3, gradients: 5e-3 },
}

/**
 * The conformance suite of an op: a kernel gives the reference's output and gradients in every case.
 *
 * @param op - name of the op
 * @param cases - the calls
 * @param on - engine and kernel that are tested; the reference itself is tested against golden files
 */
export function conform(op: string, cases: readonly OpCase[], on: KernelPair): void {
  const { precision = 'float32' } = on
  const tolerance = tolerances[precision]
  describeOn(`${op} agrees with the reference: kernel '${on.use}', ${precision},`, on, () => {
    it.each(cases)('$name', async (opCase) => {
      const expected = await outputAndGradients(opCase, { backend: 'cpu', use: 'cpu' })
      const actual = await outputAndGradients(opCase, on)
      expectClose(actual.output.data, expected.output.data, { relative: tolerance.output, name: 'output' })
      for (const [name, gradient] of Object.entries(expected.gradients)) {
        const relative = tolerance.gradients
        expectClose(actual.gradients[name].data, gradient.data, { relative, name: `gradient of ${name}` })
      }
    })
  })
}
