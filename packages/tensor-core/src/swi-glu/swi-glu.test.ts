import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { siluDerivative } from '../activations/silu.js'
import { useEngine } from '../engines/use-engine.js'
import { valueAndGradients } from '../gradients/value-and-gradients.js'
import { checkGradients } from '../testing/check-gradients.js'
import { expectClose } from '../testing/expect-close.js'
import { expectNoLeak } from '../testing/expect-no-leak.js'
import { kernelPairs } from '../testing/kernel-pairs.js'
import { tf } from '../tf.js'
import { swiGlu } from './swi-glu.js'

const golden = JSON.parse(readFileSync(new URL('../../../../test/golden/layers.json', import.meta.url), 'utf8')).swiglu

describe.each(kernelPairs)("swiGlu: kernel '$use' on $backend", ({ backend, use }) => {
  beforeAll(async () => {
    await useEngine({ backend })
  })

  it('agrees with the golden file', async () => {
    await expectNoLeak(() =>
      tf.tidy(() => {
        const inputs = { gate: tf.tensor(golden.gate.data, [3, 6]), up: tf.tensor(golden.up.data, [3, 6]) }
        expectClose(swiGlu(inputs.gate, inputs.up, { kernels: { use } }), golden.out, { relative: 2e-6 })
        const { gradients } = valueAndGradients(({ gate, up }) => {
          const output = swiGlu(gate, up, { kernels: { use } })
          return tf.sum(tf.mul(output, tf.tensor(golden.dout.data, [3, 6]))) as tf.Scalar
        }, inputs)
        expectClose(gradients.gate, golden.dgate, { relative: 1e-5, name: 'dgate' })
        expectClose(gradients.up, golden.dup, { relative: 1e-5, name: 'dup' })
      }),
    )
  })

  it('has the gradient of its differences', () => {
    const inputs = {
      gate: tf.tensor2d([
        [-3, -0.4],
        [0.2, 2],
      ]),
      up: tf.tensor2d([
        [1, -2],
        [0.5, 3],
      ]),
    }
    checkGradients(({ gate, up }) => tf.sum(tf.square(swiGlu(gate, up, { kernels: { use } }))) as tf.Scalar, inputs)
  })

  it('keeps every digit of the slope at large gates', () => {
    const gates = Array.from({ length: 72 }, (_, i) => Math.fround((i % 2 ? -1 : 1) * (5 + i * 0.493)))
    tf.tidy(() => {
      const loss = ({ gate }: { gate: tf.Tensor1D }) =>
        tf.sum(swiGlu(gate, tf.onesLike(gate), { kernels: { use } })) as tf.Scalar
      const slopes = valueAndGradients(loss, { gate: tf.tensor1d(gates) }).gradients.gate.dataSync()
      for (const [i, gate] of gates.entries()) {
        expectClose([slopes[i]], [siluDerivative(gate)], { relative: 1e-6, name: `slope at ${gate}` })
      }
    })
  })

  it('refuses shapes that differ', () => {
    expect(() => swiGlu(tf.zeros([2, 3]), tf.zeros([3, 2]))).toThrow(
      'swiGlu: up must have shape [2, 3], but has [3, 2].',
    )
  })
})
