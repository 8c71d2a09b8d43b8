import { describe, it } from 'vitest'
import type { BackendName } from '../../engines/engine.js'
import { useEngine } from '../../engines/use-engine.js'
import type { KernelName } from '../../kernels/kernel.js'
import { expectClose } from '../../testing/expect-close.js'
import { tf } from '../../tf.js'
import { adamWUpdate } from '../adamw.js'
import { cases, type AdamWCase } from './cases.js'

/**
 * Tests one kernel of `adamW` against the reference.
 *
 * @param on - engine and kernel
 */
export function runConformance(on: { backend: BackendName; use: KernelName }): void {
  describe(`adamW: kernel '${on.use}' on ${on.backend} agrees with the reference`, () => {
    it.each(cases)('$name', async (adamWCase) => {
      const expected = await update(adamWCase, { backend: 'cpu', use: 'cpu' })
      const actual = await update(adamWCase, on)
      for (const [i, name] of ['parameter', 'first moment', 'second moment'].entries()) {
        expectClose(actual[i], expected[i], { relative: 1e-6, name })
      }
    })
  })
}

async function update(
  { tensors, factors }: AdamWCase,
  on: { backend: BackendName; use: KernelName },
): Promise<Float32Array[]> {
  await useEngine({ backend: on.backend })
  return tf.tidy(() => {
    const tensor = (name: keyof AdamWCase['tensors']) => tf.tensor([...tensors[name].data], [...tensors[name].shape])
    const inputs = {
      parameter: tensor('parameter'),
      gradient: tensor('gradient'),
      firstMoment: tensor('firstMoment'),
      secondMoment: tensor('secondMoment'),
      ...factors,
    }
    const { parameter, firstMoment, secondMoment } = adamWUpdate(inputs, { use: on.use })
    return [parameter, firstMoment, secondMoment].map((tensor) => Float32Array.from(tensor.dataSync()))
  })
}
