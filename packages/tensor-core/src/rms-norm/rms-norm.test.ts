import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { useEngine } from '../engines/use-engine.js'
import { valueAndGradients } from '../gradients/value-and-gradients.js'
import { checkGradients } from '../testing/check-gradients.js'
import { expectClose } from '../testing/expect-close.js'
import { expectNoLeak } from '../testing/expect-no-leak.js'
import { kernelPairs } from '../testing/kernel-pairs.js'
import { tf } from '../tf.js'
import { rmsNorm } from './rms-norm.js'

const golden = JSON.parse(readFileSync(new URL('../../../../test/golden/layers.json', import.meta.url), 'utf8')).rmsnorm

describe.each(kernelPairs)("rmsNorm: kernel '$use' on $backend", ({ backend, use }) => {
  const options = { epsilon: golden.eps, kernels: { use } }

  beforeAll(async () => {
    await useEngine({ backend })
  })

  it('agrees with the golden file', async () => {
    await expectNoLeak(() =>
      tf.tidy(() => {
        const inputs = { x: tf.tensor3d(golden.x.data, golden.x.shape), weight: tf.tensor1d(golden.weight.data) }
        expectClose(rmsNorm(inputs.x, inputs.weight, options), golden.y, { relative: 2e-6 })
        const { gradients } = valueAndGradients(({ x, weight }) => {
          return tf.sum(tf.mul(rmsNorm(x, weight, options), tf.tensor3d(golden.dy.data, golden.dy.shape))) as tf.Scalar
        }, inputs)
        expectClose(gradients.x, golden.dx, { relative: 1e-5, name: 'dx' })
        expectClose(gradients.weight, golden.dweight, { relative: 1e-5, name: 'dweight' })
      }),
    )
  })

  it('has the gradient of its differences', () => {
    const inputs = {
      x: tf.tensor2d([
        [0.5, -1, 2],
        [1, 0.3, -0.2],
      ]),
      weight: tf.tensor1d([1, -0.5, 2]),
    }
    checkGradients(({ x, weight }) => tf.sum(tf.square(rmsNorm(x, weight, options))) as tf.Scalar, inputs)
  })

  it('refuses a weight of another size', () => {
    expect(() => rmsNorm(tf.zeros([2, 3]), tf.ones([4]))).toThrow('rmsNorm: weight must have shape [3], but has [4].')
  })
})
