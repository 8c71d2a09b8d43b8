import { it } from 'vitest'
import { expectClose } from './expect-close.js'
import { describeOn, type KernelPair } from './kernel-pairs.js'
import { outputAndGradients, type OpCase } from './output-and-gradients.js'

/**
 * The conformance suite of an op: a kernel gives the reference's output and gradients in every case.
 *
 * @param op - name of the op
 * @param cases - the calls
 * @param on - engine and kernel that are tested; the reference itself is tested against golden files
 */
export function conform(op: string, cases: readonly OpCase[], on: KernelPair): void {
  describeOn(`${op} agrees with the reference: kernel '${on.use}'`, on, () => {
    it.each(cases)('$name', async (opCase) => {
      const expected = await outputAndGradients(opCase, { backend: 'cpu', use: 'cpu' })
      const actual = await outputAndGradients(opCase, on)
      expectClose(actual.output.data, expected.output.data, { relative: 2e-6, name: 'output' })
      for (const [name, gradient] of Object.entries(expected.gradients)) {
        expectClose(actual.gradients[name].data, gradient.data, { relative: 1e-5, name: `gradient of ${name}` })
      }
    })
  })
}
