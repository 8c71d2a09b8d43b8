import { beforeAll, expect, it, vi } from 'vitest'
import { useEngine } from '../engines/use-engine.js'
import { linear } from '../linear/linear.js'
import { rmsNorm } from '../rms-norm/rms-norm.js'
import { expectClose } from '../testing/expect-close.js'
import { expectNoLeak } from '../testing/expect-no-leak.js'
import { describeOn, everyEngine } from '../testing/kernel-pairs.js'
import { randomTensor } from '../testing/output-and-gradients.js'
import { valuesOf } from '../testing/values-of.js'
import { tf } from '../tf.js'
import { checkpoint } from './checkpoint.js'
import { valueAndGradients } from './value-and-gradients.js'

type Part = { norm: tf.Tensor; weight: tf.Tensor }

function part(x: tf.Tensor, { norm, weight }: Part, [shift]: readonly tf.Tensor[]): tf.Tensor {
  return tf.add(x, tf.mul(tf.tanh(linear(rmsNorm(x, norm as tf.Tensor1D), weight as tf.Tensor2D)), shift))
}

const parts = 12
const rows = 40
const size = 8
const tensorOf = (shape: number[], seed: number) => tf.tensor([...randomTensor(shape, seed).data], shape)
const model = () => ({
  x: tensorOf([rows, size], 1),
  parts: Array.from({ length: parts }, (_, i): Part => ({
    norm: tensorOf([size], 10 + i),
    weight: tensorOf([size, size], 20 + i),
  })),
})

type Model = ReturnType<typeof model>

/** Shifts are made inside and freed before the backward pass. */
function loss({ x, parts }: Model, checkpointed: boolean): tf.Scalar {
  return tf.tidy(() => {
    const shift = tf.tensor1d(Array.from({ length: size }, (_, i) => i / 4 - 1))
    const last = parts.reduce<tf.Tensor>(
      (x, parameters) =>
        checkpointed ? checkpoint(part, x, parameters, [shift]) : tf.tidy(() => part(x, parameters, [shift])),
      x,
    )
    return tf.sum(tf.square(last))
  })
}

/** Largest number of bytes that tensors held while the function ran; every op is a chance to look. */
function peakBytes(run: () => void): number {
  const { endScope } = tf.engine()
  let peak = 0
  const watch = vi.spyOn(tf.engine(), 'endScope').mockImplementation((...results) => {
    peak = Math.max(peak, tf.memory().numBytes)
    return endScope.apply(tf.engine(), results)
  })
  try {
    run()
  } finally {
    watch.mockRestore()
  }
  return peak
}

for (const on of everyEngine)
  describeOn('checkpoint', on, ({ backend }) => {
    beforeAll(async () => {
      await useEngine({ backend })
    })

    it('gives the value and every gradient of the plain function, and leaks nothing', async () => {
      await expectNoLeak(async () => {
        const run = (checkpointed: boolean) =>
          valuesOf(() => {
            const { value, gradients } = valueAndGradients((tree: Model) => loss(tree, checkpointed), model())
            const ofParts = gradients.parts.flatMap(({ norm, weight }, i) => [
              [`norm ${i}`, norm] as const,
              [`weight ${i}`, weight] as const,
            ])
            return { value, x: gradients.x, ...Object.fromEntries(ofParts) } as Record<string, tf.Tensor>
          })
        const [plain, checkpointed] = [await run(false), await run(true)]
        expect(Object.keys(checkpointed)).toHaveLength(2 + 2 * parts)
        for (const [name, { data }] of Object.entries(plain)) {
          expectClose(checkpointed[name].data, data, { relative: 1e-6, name })
        }
      })
    })
  })

it('needs the memory of one part where the plain function needs that of all', async () => {
  await useEngine({ backend: 'cpu' })
  tf.tidy(() => {
    const parameters = model()
    const before = tf.memory().numBytes
    const peak = (checkpointed: boolean) =>
      peakBytes(() => tf.tidy(() => valueAndGradients((tree: Model) => loss(tree, checkpointed), parameters))) - before
    const [plain, checkpointed] = [peak(false), peak(true)]
    const input = rows * size * 4
    expect(plain).toBeGreaterThan(parts * 4 * input) // norm, linear, tanh and product keep theirs
    expect(checkpointed).toBeLessThan((2 * parts + 16) * input) // TensorFlow.js counts clones anew
    expect(checkpointed).toBeLessThan(0.6 * plain)
  })
})
