import { readFileSync } from 'node:fs'
import { beforeAll, expect, it } from 'vitest'
import { useEngine } from '../engines/use-engine.js'
import { valueAndGradients } from '../gradients/value-and-gradients.js'
import { nextTokenLabels } from '../losses/next-token-labels.js'
import { checkGradients } from '../testing/check-gradients.js'
import { expectClose } from '../testing/expect-close.js'
import { expectNoLeak } from '../testing/expect-no-leak.js'
import { describeOn, kernelPairsOf } from '../testing/kernel-pairs.js'
import { valuesOf } from '../testing/values-of.js'
import { randomTensor } from '../testing/output-and-gradients.js'
import { tf } from '../tf.js'
import { crossEntropy } from './cross-entropy.js'
import { kernels } from './kernels/index.js'

const file = new URL('../../../../test/golden/layers.json', import.meta.url)
const golden = JSON.parse(readFileSync(file, 'utf8')).cross_entropy

for (const on of kernelPairsOf(kernels))
  describeOn(`crossEntropy: kernel '${on.use}'`, on, ({ backend, use }) => {
    const kernels = { use }

    beforeAll(async () => {
      await useEngine({ backend })
    })

    it('agrees with the golden file', async () => {
      await expectNoLeak(async () => {
        const { value, logits } = await valuesOf(() => {
          const labels = tf.tensor1d(nextTokenLabels(Int32Array.from(golden.ids.flat()), 2, 4), 'int32')
          const { value, gradients } = valueAndGradients(({ logits }) => crossEntropy(logits, labels, { kernels }), {
            logits: tf.tensor2d(golden.logits.data, [8, 5]),
          })
          return { value, ...gradients }
        })
        expectClose(value.data, [golden.loss], { relative: 2e-6 })
        expectClose(logits.data, golden.dlogits.data, { relative: 1e-5, name: 'dlogits' })
      })
    })

    // on the GPU the conformance suite compares gradients with the reference's
    if (backend !== 'webgpu') {
      it('has the gradient of its differences, scaled by the gradient that comes in', () => {
        const labels = tf.tensor1d([2, -1, 0], 'int32')
        const logits = tf.tensor2d([
          [0.5, -1, 2],
          [9, 9, 9],
          [1, 0.3, -0.2],
        ])
        const loss = (logits: tf.Tensor2D) => crossEntropy(logits, labels, { ignoreIndex: -1, kernels })
        checkGradients(({ logits }) => tf.mul(3, loss(logits)) as tf.Scalar, { logits })
      })
    }

    it('is the logarithm of the number of classes where all are equally likely', async () => {
      const loss = crossEntropy(tf.zeros([3, 1000]), tf.tensor1d([0, 500, 999], 'int32'), { kernels })
      expectClose(await loss.data(), [Math.log(1000)], { relative: 1e-6 })
    })

    it('stays finite and exact where the label is hopeless or certain', async () => {
      const hopeless = crossEntropy(tf.tensor2d([[1e4, -1e4, 0]]), tf.tensor1d([1], 'int32'), { kernels })
      expectClose(await hopeless.data(), [2e4])
      const certain = crossEntropy(tf.tensor2d([[1e4, -1e4, 0]]), tf.tensor1d([0], 'int32'), { kernels })
      expectClose(await certain.data(), [0])
    })

    it('turns NaN into NaN', async () => {
      const loss = crossEntropy(tf.tensor2d([[NaN, 1]]), tf.tensor1d([1], 'int32'), { kernels })
      expect((await loss.data())[0]).toBeNaN()
    })

    it('refuses labels outside the vocabulary, of another type, and rows that are all ignored', () => {
      const logits = tf.zeros([2, 3]) as tf.Tensor2D
      const labelled = (labels: tf.Tensor1D) => () => crossEntropy(logits, labels, { kernels })
      expect(labelled(tf.tensor1d([0, 3], 'int32'))).toThrow(
        'labels must be in 0 … 2 or -100 (ignored), but label number 1 is 3',
      )
      expect(labelled(tf.tensor1d([0, 1]))).toThrow('labels must be int32, but are float32')
      expect(labelled(tf.tensor1d([-100, -100], 'int32'))).toThrow('all 2 labels are -100 (ignored)')
      expect(labelled(tf.tensor1d([0], 'int32'))).toThrow('labels must have shape [2], but has [1]')
    })
  })

describeOn('crossEntropy with labels that the GPU computed', { backend: 'webgpu' }, () => {
  const logits = randomTensor([4, 3], 5)
  const onGpu = (labels: number[]) => tf.add(tf.tensor1d(labels, 'int32'), tf.tensor1d([0, 0, 0, 0], 'int32'))
  const lossAndGradient = (labels: () => tf.Tensor) =>
    valuesOf(() => {
      const given = labels() as tf.Tensor1D
      const loss = ({ logits }: { logits: tf.Tensor2D }) => crossEntropy(logits, given)
      const { value, gradients } = valueAndGradients(loss, { logits: tf.tensor2d([...logits.data], [4, 3]) })
      return { value, ...gradients }
    })

  beforeAll(async () => {
    await useEngine({ backend: 'webgpu' })
  })

  it('is the same as with labels of the host', async () => {
    const expected = await lossAndGradient(() => tf.tensor1d([2, -100, 0, 1], 'int32'))
    const actual = await lossAndGradient(() => onGpu([2, -100, 0, 1]))
    expectClose(actual.value.data, expected.value.data)
    expectClose(actual.logits.data, expected.logits.data)
  })

  it.each([
    { what: 'a label above the vocabulary', labels: [2, -100, 3, 1] },
    { what: 'a negative label', labels: [2, -100, -1, 1] },
    { what: 'no scored row', labels: [-100, -100, -100, -100] },
  ])('is NaN for $what, as reading labels back would make the GPU wait', async ({ labels }) => {
    expect((await lossAndGradient(() => onGpu(labels))).value.data[0]).toBeNaN()
  })
})
