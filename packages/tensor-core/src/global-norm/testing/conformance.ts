import { expect, it } from 'vitest'
import { useEngine } from '../../engines/use-engine.js'
import { expectClose } from '../../testing/expect-close.js'
import { describeOn, type KernelPair } from '../../testing/kernel-pairs.js'
import { valuesOf } from '../../testing/values-of.js'
import { tf } from '../../tf.js'
import { globalNorm } from '../global-norm.js'
import { cases, type GlobalNormCase } from './cases.js'

/**
 * Tests one kernel of `globalNorm` against the reference.
 *
 * @param on - engine and kernel
 */
export function runConformance(on: KernelPair): void {
  describeOn(`globalNorm agrees with the reference: kernel '${on.use}'`, on, () => {
    it.each(cases)('$name', async (normCase) => {
      const expected = await measure(normCase, { backend: 'cpu', use: 'cpu' })
      const actual = await measure(normCase, on)
      if (Number.isFinite(expected.norm)) {
        expectClose([actual.norm], [expected.norm], { relative: 2e-6, name: 'norm' })
        expectClose([actual.scale], [expected.scale], { relative: 2e-6, name: 'scale' })
        expect(actual.scale).toBeGreaterThan(0)
      } else {
        expect(actual).toEqual(expected)
        expect(actual.scale).toBe(0)
      }
    })
  })
}

async function measure({ tensors, maxNorm, lossScale }: GlobalNormCase, on: KernelPair) {
  await useEngine({ backend: on.backend })
  const { norm, scale } = await valuesOf(() => {
    const given = tensors.map(({ shape, data }) => tf.tensor([...data], [...shape]))
    return { ...globalNorm(given, { maxNorm, lossScale, kernels: { use: on.use } }) }
  })
  expect([norm.shape, scale.shape]).toEqual([[], []])
  return { norm: norm.data[0], scale: scale.data[0] }
}
