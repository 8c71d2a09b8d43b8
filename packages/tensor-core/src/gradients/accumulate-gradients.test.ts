import { beforeAll, expect, it } from 'vitest'
import { crossEntropy } from '../cross-entropy/cross-entropy.js'
import { useEngine } from '../engines/use-engine.js'
import { linear } from '../linear/linear.js'
import { disposeParameters, flattenParameters } from '../parameters/parameter-tree.js'
import { expectClose } from '../testing/expect-close.js'
import { expectNoLeak } from '../testing/expect-no-leak.js'
import { describeOn, everyEngine } from '../testing/kernel-pairs.js'
import { randomTensor } from '../testing/output-and-gradients.js'
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
        const whole = await accumulateGradients(loss, parameters, [slice(0, 9)], scored)
        const parts = [slice(0, 1), slice(1, 6), slice(6, 9)]
        const accumulated = await accumulateGradients(loss, parameters, parts, scored)
        expectClose([accumulated.loss], [whole.loss], { relative: 1e-6 })
        const expected = flattenParameters(whole.gradients)
        for (const [name, gradient] of flattenParameters(accumulated.gradients)) {
          expectClose(await gradient.data(), await (expected.get(name) as tf.Tensor).data(), { relative: 2e-6, name })
        }
        disposeParameters(whole.gradients)
        disposeParameters(accumulated.gradients)
      })
    })

    it('leaks nothing when a later batch fails', async () => {
      const parameters = model()
      const fails = { inputs: rows.slice(0, 1), labels: [7] }
      await expectNoLeak(async () => {
        const run = accumulateGradients(loss, parameters, [slice(0, 2), fails], scored)
        await expect(run).rejects.toThrow('label number 0 is 7')
      })
    })

    it('refuses no batches and batches that count nothing', async () => {
      await expect(accumulateGradients(loss, model(), [], scored)).rejects.toThrow('the weights are []')
      await expect(accumulateGradients(loss, model(), [slice(0, 1), slice(2, 3)], scored)).rejects.toThrow(
        'expected at least one batch and weights above 0, but the weights are [1, 0].',
      )
    })
  })
