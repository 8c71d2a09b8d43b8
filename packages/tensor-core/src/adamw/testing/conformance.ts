import { it } from 'vitest'
import { useEngine } from '../../engines/use-engine.js'
import { expectClose } from '../../testing/expect-close.js'
import { describeOn, type KernelPair } from '../../testing/kernel-pairs.js'
import { valuesOf } from '../../testing/values-of.js'
import { tf } from '../../tf.js'
import { adamWUpdate } from '../adamw.js'
import { cases, type AdamWCase } from './cases.js'

/**
 * Tests one kernel of `adamW` against the reference.
 *
 * @param on - engine and kernel
 */
export function runConformance(on: KernelPair): void {
  describeOn(`adamW agrees with the reference: kernel '${on.use}'`, on, () => {
    it.each(cases)('$name', async (adamWCase) => {
      const expected = await update(adamWCase, { backend: 'cpu', use: 'cpu' })
      const actual = await update(adamWCase, on)
      for (const name of ['parameter', 'firstMoment', 'secondMoment'] as const) {
        expectClose(actual[name].data, expected[name].data, { relative: 1e-6, name })
      }
    })
  })
}

async function update({ tensors, factors, gradientScale }: AdamWCase, on: KernelPair) {
  await useEngine({ backend: on.backend })
  return valuesOf(() => {
    const tensor = (name: keyof AdamWCase['tensors']) => tf.tensor([...tensors[name].data], [...tensors[name].shape])
    const inputs = {
      parameter: tensor('parameter'),
      gradient: tensor('gradient'),
      firstMoment: tensor('firstMoment'),
      secondMoment: tensor('secondMoment'),
      gradientScale: gradientScale === null ? null : tf.scalar(gradientScale),
      ...factors,
    }
    return { ...adamWUpdate(inputs, { use: on.use }) }
  })
}
