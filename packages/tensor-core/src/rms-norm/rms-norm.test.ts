import { readFileSync } from 'node:fs'
import { beforeAll, expect, it } from 'vitest'
import { useEngine } from '../engines/use-engine.js'
import { valueAndGradients } from '../gradients/value-and-gradients.js'
import { checkGradients } from '../testing/check-gradients.js'
import { expectClose } from '../testing/expect-close.js'
import { expectNoLeak } from '../testing/expect-no-leak.js'
import { describeOn, kernelPairsOf } from '../testing/kernel-pairs.js'
import { valuesOf } from '../testing/values-of.js'
import { tf } from '../tf.js'
import { addRmsNorm, rmsNorm } from './rms-norm.js'
import { kernels } from './kernels/index.js'

const golden = JSON.parse(readFileSync(new URL('../../../../test/golden/layers.json', import.meta.url), 'utf8')).rmsnorm

for (const on of kernelPairsOf(kernels))
  describeOn(`rmsNorm: kernel '${on.use}'`, on, ({ backend, use }) => {
    const options = { epsilon: golden.eps, kernels: { use } }

    beforeAll(async () => {
      await useEngine({ backend })
    })

    it('agrees with the golden file', async () => {
      await expectNoLeak(async () => {
        const { output, x, weight } = await valuesOf(() => {
          const inputs = { x: tf.tensor3d(golden.x.data, golden.x.shape), weight: tf.tensor1d(golden.weight.data) }
          const output = rmsNorm(inputs.x, inputs.weight, options)
          const { gradients } = valueAndGradients(({ x, weight }) => {
            return tf.sum(
              tf.mul(rmsNorm(x, weight, options), tf.tensor3d(golden.dy.data, golden.dy.shape)),
            ) as tf.Scalar
          }, inputs)
          return { output, ...gradients }
        })
        expectClose(output.data, golden.y.data, { relative: 2e-6 })
        expectClose(x.data, golden.dx.data, { relative: 1e-5, name: 'dx' })
        expectClose(weight.data, golden.dweight.data, { relative: 1e-5, name: 'dweight' })
      })
    })

    // on the GPU the conformance suite compares gradients with the reference's
    if (backend !== 'webgpu') {
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
    }

    it('turns a row with a NaN in it into NaN, and no other', async () => {
      const x = tf.tensor2d([1, NaN, 1, 3, 3, 3], [2, 3])
      const values = await rmsNorm(x, tf.ones([3]), options).data()
      expect(Array.from(values, Number.isNaN)).toEqual([true, true, true, false, false, false])
    })

    it('joins what a branch adds, and leaves out gradients that do not come', async () => {
      await expectNoLeak(async () => {
        const { sum, normalised, ofSum, ofNorm } = await valuesOf(() => {
          const [x, addend] = [tf.tensor2d([[1, 2]]), tf.tensor2d([[2, 2]])]
          const add = (x: tf.Tensor2D) => addRmsNorm(x, addend, tf.tensor1d([1, 2]), { epsilon: 0, kernels: { use } })
          const gradient = (of: 'sum' | 'normalised') =>
            valueAndGradients(({ x }) => tf.sum(add(x as tf.Tensor2D)[of]), { x }).gradients.x
          return { ...add(x), ofSum: gradient('sum'), ofNorm: gradient('normalised') }
        })
        const root = Math.sqrt(12.5)
        expectClose(sum.data, [3, 4])
        expectClose(normalised.data, [3 / root, 8 / root])
        expectClose(ofSum.data, [1, 1])
        expectClose(ofNorm.data, [(1 - (3 * 11) / 25) / root, (2 - (4 * 11) / 25) / root])
      })
    })

    it('refuses a weight of another size, and an addend of another shape', () => {
      const add = () => addRmsNorm(tf.zeros([2, 3]), tf.zeros([3]), tf.ones([3]))
      expect(add).toThrow('addRmsNorm: addend must have shape [2, 3], but has [3].')
      expect(() => rmsNorm(tf.zeros([2, 3]), tf.ones([4]))).toThrow('rmsNorm: weight must have shape [3], but has [4].')
    })
  })
