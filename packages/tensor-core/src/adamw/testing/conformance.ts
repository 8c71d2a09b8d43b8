import { expect, it } from 'vitest'
import { useEngine } from '../../engines/use-engine.js'
import { expectClose } from '../../testing/expect-close.js'
import { describeOn, type KernelPair } from '../../testing/kernel-pairs.js'
import { valuesOf } from '../../testing/values-of.js'
import { tf } from '../../tf.js'
import { adamWUpdate } from '../adamw.js'
import type { AdamWFactors } from '../contract.js'
import { cases, usual, type AdamWCase } from './cases.js'

/**
 * Tests one kernel of `adamW` against the reference.
 *
 * @param on - engine and kernel
 */
export function runConformance(on: KernelPair): void {
  describeOn(`adamW agrees with the reference: kernel '${on.use}'`, on, () => {
    it.each(cases)('$name', (adamWCase) => {
      const { weightDecay, ...factors } = adamWCase.factors
      return compare([{ ...adamWCase, weightDecay }], { ...factors, gradientScale: adamWCase.gradientScale }, on)
    })

    it('many parameters, each with its decay', () => {
      const { weightDecay, ...factors } = usual
      const parameters = cases.map(({ tensors }, i) => ({ tensors, weightDecay: weightDecay * i }))
      return compare(parameters, { ...factors, gradientScale: 0.5 }, on)
    })
  })
}

type Parameter = Pick<AdamWCase, 'tensors'> & { weightDecay: number }
type Numbers = Omit<AdamWFactors, 'gradientScale'> & Pick<AdamWCase, 'gradientScale'>

async function compare(parameters: readonly Parameter[], numbers: Numbers, on: KernelPair): Promise<void> {
  const expected = await update(parameters, numbers, { backend: 'cpu', use: 'cpu' })
  const actual = await update(parameters, numbers, on)
  expect(Object.keys(actual)).toHaveLength(3 * parameters.length)
  for (const [name, { data }] of Object.entries(expected))
    expectClose(actual[name].data, data, { relative: 1e-6, name })
}

async function update(parameters: readonly Parameter[], { gradientScale, ...numbers }: Numbers, on: KernelPair) {
  await useEngine({ backend: on.backend })
  return valuesOf(() => {
    const given = parameters.map(({ tensors, weightDecay }) => {
      const tensor = (name: keyof AdamWCase['tensors']) => tf.tensor([...tensors[name].data], [...tensors[name].shape])
      return {
        parameter: tensor('parameter'),
        gradient: tensor('gradient'),
        firstMoment: tensor('firstMoment'),
        secondMoment: tensor('secondMoment'),
        weightDecay,
      }
    })
    const factors = { ...numbers, gradientScale: gradientScale === null ? null : tf.scalar(gradientScale) }
    const updated = adamWUpdate(given, factors, { use: on.use })
    const named = updated.flatMap((outputs, i) =>
      Object.entries(outputs).map(([name, tensor]) => [`${name} of ${i}`, tensor as tf.Tensor] as const),
    )
    return Object.fromEntries(named)
  })
}
