import { beforeAll, expect, it } from 'vitest'
import { crossEntropy } from '../cross-entropy/cross-entropy.js'
import { useEngine } from '../engines/use-engine.js'
import { linear } from '../linear/linear.js'
import { disposeParameters, flattenParameters } from '../parameters/parameter-tree.js'
import { expectClose } from '../testing/expect-close.js'
import { expectNoLeak } from '../testing/expect-no-leak.js'
import { describeOn, everyEngine } from '../testing/kernel-pairs.js'
import { randomTensor } from '../testing/output-and-gradients.js'
import { valuesOf } from '../testing/values-of.js'
import { tf } from '../tf.js'
import { accumulateGradients } from './accumulate-gradients.js'

interface Batch {
  inputs: number[][]
  labels: number[]
}

const rows = Array.from({ length: 9 }, (_, i) => [...randomTensor([4], 200 + i).data])
const labels = [0, 2, -100, 1, 1, 0, -100, 2, 1]
const slice = (start: number, end: number): Batch => ({
  inputs: rows.slice(start, end),
  labels: labels.slice(start, end),
})
const scored = ({ labels }: Batch) => labels.filter((label) => label >= 0).length

type Model = { first: tf.Tensor; layers: { weight: tf.Tensor }[] }

function loss({ first, layers }: Model, { inputs, labels }: Batch): tf.Scalar {
  const hidden = tf.tanh(linear(tf.tensor2d(inputs), first as tf.Tensor2D))
  return crossEntropy(linear(hidden, layers[0].weight as tf.Tensor2D), tf.tensor1d(labels, 'int32'))
}

for (const on of everyEngine)
  describeOn('accumulateGradients', on, ({ backend }) => {
    const model = (): Model => {
      const tensor = (shape: number[], seed: number) => tf.tensor([...randomTensor(shape, seed).data], shape)
      return { first: tensor([5, 4], 1), layers: [{ weight: tensor([3, 5], 2) }] }
    }

    beforeAll(async () => {
      await useEngine({ backend })
    })

    it('equals one big batch, however uneven the parts are', async () => {
      const parameters = model()
      await expectNoLeak(async () => {
        const whole = accumulateGradients(loss, parameters, [slice(0, 9)], scored)
        const parts = [slice(0, 1), slice(1, 6), slice(6, 9)]
        const accumulated = accumulateGradients(loss, parameters, parts, scored)
        expectClose(await accumulated.loss.data(), await whole.loss.data(), { relative: 1e-6 })
        const expected = flattenParameters(whole.gradients)
        for (const [name, gradient] of flattenParameters(accumulated.gradients)) {
          expectClose(await gradient.data(), await (expected.get(name) as tf.Tensor).data(), { relative: 2e-6, name })
        }
        for (const { loss, gradients } of [whole, accumulated]) {
          loss.dispose()
          disposeParameters(gradients)
        }
      })
    })

    it('leaks nothing when a later batch fails', async () => {
      const parameters = model()
      const fails = { inputs: rows.slice(0, 1), labels: [7] }
      await expectNoLeak(() => {
        const run = () => accumulateGradients(loss, parameters, [slice(0, 2), fails], scored)
        expect(run).toThrow('label number 0 is 7')
      })
    })

    it('scales gradients, not the loss', async () => {
      await expectNoLeak(async () => {
        const { plain, scaled } = await valuesOf(() => {
          const parameters = model()
          const run = (lossScale: tf.Scalar | null) =>
            accumulateGradients(loss, parameters, [slice(0, 1), slice(1, 6)], scored, { lossScale })
          const [plain, scaled] = [run(null), run(tf.scalar(1024))]
          const all = ({ loss, gradients }: typeof plain) =>
            tf.concat([tf.reshape(loss, [1]), tf.reshape(gradients.first, [-1])])
          return { plain: all(plain), scaled: all(scaled) }
        })
        const [ofLoss, ...ofGradients] = scaled.data
        expectClose([ofLoss, ...ofGradients.map((value) => value / 1024)], plain.data, { relative: 1e-6 })
      })
    })

    it('names the parameters that the loss does not depend on, and leaks nothing', async () => {
      const parameters = { ...model(), idle: tf.scalar(1) }
      await expectNoLeak(() => {
        expect(() => accumulateGradients(loss, parameters, [slice(0, 2)], scored)).toThrow('does not depend on idle')
      })
    })

    it('refuses no batches and batches that count nothing', () => {
      expect(() => accumulateGradients(loss, model(), [], scored)).toThrow('the weights are []')
      expect(() => accumulateGradients(loss, model(), [slice(0, 1), slice(2, 3)], scored)).toThrow(
        'expected at least one batch and weights above 0, but the weights are [1, 0].',
      )
    })
  })
