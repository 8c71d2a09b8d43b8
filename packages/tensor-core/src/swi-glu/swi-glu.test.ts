import { readFileSync } from 'node:fs'
import { beforeAll, expect, it } from 'vitest'
import { siluDerivative } from '../activations/silu.js'
import { useEngine } from '../engines/use-engine.js'
import { valueAndGradients } from '../gradients/value-and-gradients.js'
import { checkGradients } from '../testing/check-gradients.js'
import { expectClose } from '../testing/expect-close.js'
import { expectNoLeak } from '../testing/expect-no-leak.js'
import { describeOn, kernelPairsOf } from '../testing/kernel-pairs.js'
import { valuesOf } from '../testing/values-of.js'
import { tf } from '../tf.js'
import { swiGlu } from './swi-glu.js'
import { kernels } from './kernels/index.js'

const golden = JSON.parse(readFileSync(new URL('../../../../test/golden/layers.json', import.meta.url), 'utf8')).swiglu

for (const on of kernelPairsOf(kernels))
  describeOn(`swiGlu: kernel '${on.use}'`, on, ({ backend, use }) => {
    beforeAll(async () => {
      await useEngine({ backend })
    })

    it('agrees with the golden file', async () => {
      await expectNoLeak(async () => {
        const { output, gate, up } = await valuesOf(() => {
          const inputs = { gate: tf.tensor(golden.gate.data, [3, 6]), up: tf.tensor(golden.up.data, [3, 6]) }
          const output = swiGlu(inputs.gate, inputs.up, { kernels: { use } })
          const { gradients } = valueAndGradients(({ gate, up }) => {
            const output = swiGlu(gate, up, { kernels: { use } })
            return tf.sum(tf.mul(output, tf.tensor(golden.dout.data, [3, 6]))) as tf.Scalar
          }, inputs)
          return { output, ...gradients }
        })
        expectClose(output.data, golden.out.data, { relative: 2e-6 })
        expectClose(gate.data, golden.dgate.data, { relative: 1e-5, name: 'dgate' })
        expectClose(up.data, golden.dup.data, { relative: 1e-5, name: 'dup' })
      })
    })

    // on the GPU the conformance suite compares gradients with the reference's
    if (backend !== 'webgpu') {
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
    }

    it('keeps every digit of the slope at large gates', async () => {
      const gates = Array.from({ length: 72 }, (_, i) => Math.fround((i % 2 ? -1 : 1) * (5 + i * 0.493)))
      const loss = ({ gate }: { gate: tf.Tensor1D }) =>
        tf.sum(swiGlu(gate, tf.onesLike(gate), { kernels: { use } })) as tf.Scalar
      const slopes = await valuesOf(() => valueAndGradients(loss, { gate: tf.tensor1d(gates) }).gradients)
      for (const [i, gate] of gates.entries()) {
        const relative = backend === 'webgpu' ? (3 + 2 * Math.abs(gate)) * 2 ** -23 : 1e-6 // WGSL promises that of exp
        expectClose([slopes.gate.data[i]], [siluDerivative(gate)], { relative, name: `slope at ${gate}` })
      }
    })

    it('refuses shapes that differ', () => {
      expect(() => swiGlu(tf.zeros([2, 3]), tf.zeros([3, 2]))).toThrow(
        'swiGlu: up must have shape [2, 3], but has [3, 2].',
      )
    })
  })
