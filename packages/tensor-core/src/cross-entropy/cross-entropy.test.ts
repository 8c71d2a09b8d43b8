import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { useEngine } from '../engines/use-engine.js'
import { valueAndGradients } from '../gradients/value-and-gradients.js'
import { nextTokenLabels } from '../losses/next-token-labels.js'
import { checkGradients } from '../testing/check-gradients.js'
import { expectClose } from '../testing/expect-close.js'
import { expectNoLeak } from '../testing/expect-no-leak.js'
import { kernelPairs } from '../testing/kernel-pairs.js'
import { tf } from '../tf.js'
import { crossEntropy } from './cross-entropy.js'

const file = new URL('../../../../test/golden/layers.json', import.meta.url)
const golden = JSON.parse(readFileSync(file, 'utf8')).cross_entropy

describe.each(kernelPairs)("crossEntropy: kernel '$use' on $backend", ({ backend, use }) => {
  const kernels = { use }

  beforeAll(async () => {
    await useEngine({ backend })
  })

  it('agrees with the golden file', async () => {
    await expectNoLeak(() =>
      tf.tidy(() => {
        const labels = tf.tensor1d(nextTokenLabels(Int32Array.from(golden.ids.flat()), 2, 4), 'int32')
        const { value, gradients } = valueAndGradients(({ logits }) => crossEntropy(logits, labels, { kernels }), {
          logits: tf.tensor2d(golden.logits.data, [8, 5]),
        })
        expectClose(value, [golden.loss], { relative: 2e-6 })
        expectClose(gradients.logits, golden.dlogits.data, { relative: 1e-5, name: 'dlogits' })
      }),
    )
  })

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

  it('is the logarithm of the number of classes where all are equally likely', () => {
    const loss = crossEntropy(tf.zeros([3, 1000]), tf.tensor1d([0, 500, 999], 'int32'), { kernels })
    expectClose(loss, [Math.log(1000)], { relative: 1e-6 })
  })

  it('stays finite and exact where the label is hopeless or certain', () => {
    const hopeless = crossEntropy(tf.tensor2d([[1e4, -1e4, 0]]), tf.tensor1d([1], 'int32'), { kernels })
    expectClose(hopeless, [2e4])
    const certain = crossEntropy(tf.tensor2d([[1e4, -1e4, 0]]), tf.tensor1d([0], 'int32'), { kernels })
    expectClose(certain, [0])
  })

  it('turns NaN into NaN', () => {
    const loss = crossEntropy(tf.tensor2d([[NaN, 1]]), tf.tensor1d([1], 'int32'), { kernels })
    expect(loss.dataSync()[0]).toBeNaN()
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
