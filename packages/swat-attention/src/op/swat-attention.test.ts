import { createRandom, type KernelName, SwatError, tf, useEngine } from '@swat-js/tensor-core'
import { checkGradients, expectClose, expectNoLeak } from '@swat-js/tensor-core/testing'
import { beforeAll, describe, expect, it } from 'vitest'
import type { SwatAttentionOptions } from './contract.js'
import { swatAttention } from './swat-attention.js'

const normal = (seed: number, ...shape: [number, number, number, number]) => {
  const random = createRandom(seed)
  const size = shape.reduce((product, axis) => product * axis, 1)
  return tf.tensor<tf.Rank.R4>(
    Float32Array.from({ length: size }, () => random.normal()),
    shape,
  )
}

function gradients(length: number, options: SwatAttentionOptions): tf.Tensor[] {
  const run = (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor) =>
    swatAttention(q as tf.Tensor4D, k as tf.Tensor4D, v as tf.Tensor4D, options)
  return tf.tidy(() => {
    const inputs = [1, 2, 3].map((seed) => normal(seed, 1, length, 2, 4))
    return tf.grads(run)(inputs, normal(4, 1, length, 2, 4))
  })
}

describe.each<{ backend: 'cpu' | 'wasm'; use: KernelName }>([
  { backend: 'cpu', use: 'cpu' },
  { backend: 'cpu', use: 'composite' },
  { backend: 'wasm', use: 'composite' },
  { backend: 'wasm', use: 'wasm' },
])("swatAttention: kernel '$use' on $backend", ({ backend, use }) => {
  const kernels = { use }

  beforeAll(async () => {
    await useEngine({ backend })
  })

  it('is σ(q·k/√d + slope·distance + bias)·v', () => {
    const q = tf.tensor4d([1, 2, 3, 4], [1, 2, 1, 2])
    const k = tf.tensor4d([0.5, -1, 0.25, 1], [1, 2, 1, 2])
    const v = tf.tensor4d([1, 10, 2, 20], [1, 2, 1, 2])
    const output = swatAttention(q, k, v, { window: 2, slopes: [-0.5], bias: 0.1, kernels })
    const sigmoid = (x: number) => 1 / (1 + Math.exp(-x))
    const weight = (product: number, distance: number) => sigmoid(product / Math.SQRT2 - 0.5 * distance + 0.1)
    const [first, before, self] = [weight(-1.5, 0), weight(-2.5, 1), weight(4.75, 0)]
    expectClose(output, [first, 10 * first, before + 2 * self, 10 * before + 20 * self], { relative: 1e-6 })
  })

  it.each(['sigmoid', 'softmax'] as const)('has the gradient of its differences, %s', (activation) => {
    const terms = {
      slopes: tf.tensor1d([-0.5, 0.25]),
      bias: tf.tensor1d([0.3, -0.2]),
      distanceTable: tf.tensor2d([0.1, -0.4, 0.2, 0.7, 0.1, -0.3], [2, 3]),
    }
    const inputs = { q: normal(1, 1, 6, 2, 4), k: normal(2, 1, 6, 2, 4), v: normal(3, 1, 6, 2, 4), ...terms }
    const sinks = activation === 'softmax' ? { sinkLogits: tf.tensor1d([0.4, -1]) } : {}
    checkGradients(
      ({ q, k, v, ...terms }) => {
        const options: SwatAttentionOptions = { window: 4, activation, sinks: 1, ...terms, kernels }
        return tf.sum(tf.square(swatAttention(q, k, v, options))) as tf.Scalar
      },
      { ...inputs, ...sinks },
    )
  })

  it('takes slopes and bias as numbers or as tensors', () => {
    const [q, k, v] = [1, 2, 3].map((seed) => normal(seed, 1, 9, 2, 4))
    const numbers = swatAttention(q, k, v, { window: 4, slopes: [-0.5, 0.25], bias: 0.5, kernels })
    const tensors = { slopes: tf.tensor1d([-0.5, 0.25]), bias: tf.tensor1d([0.5, 0.5]) }
    expectClose(swatAttention(q, k, v, { window: 4, ...tensors, kernels }), numbers, { relative: 0 })
  })

  it('stays finite for huge logits', () => {
    const huge = tf.mul(normal(1, 1, 70, 1, 4), 1e4) as tf.Tensor4D
    for (const activation of ['sigmoid', 'softmax'] as const) {
      const output = swatAttention(huge, huge, normal(2, 1, 70, 1, 4), { window: 8, activation, slopes: [1], kernels })
      expect([...output.dataSync()].every(Number.isFinite)).toBe(true)
    }
  })

  it('keeps the gradient where σ(x) rounds to 1', () => {
    const ones = tf.ones([1, 1, 1, 1]) as tf.Tensor4D
    const bias = tf.tensor1d([20])
    const run = (bias: tf.Tensor) => swatAttention(ones, ones, ones, { window: 1, bias: bias as tf.Tensor1D, kernels })
    expectClose(tf.grad(run)(bias), [1 / (1 + Math.exp(21))], { relative: 1e-5 })
  })

  it('leaves nothing behind', async () => {
    const options = { window: 5, slopes: [-0.5, 0.5], bias: 0.25, kernels }
    await expectNoLeak(() => tf.dispose(gradients(70, options)))
    const [q, k, v] = [1, 2, 3].map((seed) => normal(seed, 1, 9, 2, 4))
    await expectNoLeak(() => swatAttention(q, k, v, options).dispose())
    await expectNoLeak(() => {
      const two = tf.zeros([1, 9, 3, 4]) as tf.Tensor4D
      expect(() => swatAttention(q, two, two, options)).toThrow(SwatError)
      two.dispose()
    })
  })
})

describe.each(['cpu', 'wasm'] as const)('swatAttention: memory of the composite kernel on %s', (backend) => {
  beforeAll(async () => {
    await useEngine({ backend })
  })

  async function profile(length: number, window: number) {
    const { kernels } = await tf.profile(() => {
      tf.dispose(gradients(length, { window, slopes: [-0.5, 0.5], kernels: { use: 'composite' } }))
      return tf.scalar(0)
    })
    const sizes = kernels.flatMap(({ outputShapes }) =>
      outputShapes.map((shape) => shape.reduce((product: number, axis) => product * axis, 1)),
    )
    const bytes = kernels.map(({ totalBytesSnapshot }) => totalBytesSnapshot)
    return { largest: Math.max(...sizes), peak: Math.max(...bytes) }
  }

  it('never holds more than an input or one tile of logits', async () => {
    const [length, window, heads, headDim, blockSize] = [1500, 16, 2, 4, 64]
    const { largest } = await profile(length, window)
    const tile = heads * blockSize * (blockSize + window - 1)
    expect(largest).toBeLessThanOrEqual(Math.max(length * heads * headDim, tile))
    expect(largest).toBeLessThan(length * length)
  })

  it('grows in proportion to the length', async () => {
    const base = tf.memory().numBytes
    const [short, long] = [await profile(1024, 16), await profile(4096, 16)].map(({ peak }) => peak - base)
    expect(long / short).toBeLessThan(4.2)
  })
})

describe('swatAttention refuses', () => {
  beforeAll(async () => {
    await useEngine({ backend: 'cpu' })
  })

  const zeros = (...shape: number[]) => tf.zeros<tf.Rank.R4>(shape as [number, number, number, number])
  const call = (options: Partial<SwatAttentionOptions>) => () =>
    swatAttention(zeros(1, 4, 2, 4), zeros(1, 4, 2, 4), zeros(1, 4, 2, 4), { window: 2, ...options })

  it.each<[string, () => tf.Tensor, string, string]>([
    [
      'a tensor of the wrong rank',
      () => swatAttention(zeros(4, 2, 4), zeros(1, 4, 2, 4), zeros(1, 4, 2, 4), { window: 2 }),
      'shape',
      'swatAttention: queries must have shape [batch, queries, heads, headDim], but has [4, 2, 4].',
    ],
    [
      'values that do not go with the keys',
      () => swatAttention(zeros(1, 4, 2, 4), zeros(1, 4, 2, 4), zeros(1, 3, 2, 4), { window: 2 }),
      'shape',
      'swatAttention: values must have shape [1, 4, 2, 4], but has [1, 3, 2, 4].',
    ],
    [
      'heads that do not divide',
      () => swatAttention(zeros(1, 4, 6, 4), zeros(1, 4, 4, 4), zeros(1, 4, 4, 4), { window: 2 }),
      'shape',
      'swatAttention: heads (6) must be a multiple of kvHeads (4). Choose kvHeads from 1, 2, 3, 6.',
    ],
    [
      'no tokens',
      () => swatAttention(zeros(1, 0, 2, 4), zeros(1, 4, 2, 4), zeros(1, 4, 2, 4), { window: 2 }),
      'shape',
      'must not be empty, but have shapes [1, 0, 2, 4] and [1, 4, 2, 4]. Give at least one token.',
    ],
    [
      'a window of 0',
      call({ window: 0 }),
      'attention',
      'window must be an integer of at least 1, but is 0. Give the number',
    ],
    ['a negative window', call({ window: -3 }), 'attention', 'window must be an integer of at least 1, but is -3.'],
    ['a fractional window', call({ window: 1.5 }), 'attention', 'window must be an integer of at least 1, but is 1.5.'],
    ['negative sinks', call({ sinks: -1 }), 'attention', 'sinks must be an integer of at least 0, but is -1.'],
    ['a negative query offset', call({ queryOffset: -1 }), 'attention', 'queryOffset must be an integer of at least 0'],
    ['a negative key offset', call({ keyOffset: -2 }), 'attention', 'keyOffset must be an integer of at least 0'],
    ['a scale that is no number', call({ scale: NaN }), 'attention', 'scale must be a finite number, but is NaN.'],
    [
      'slopes for another number of heads',
      call({ slopes: [-0.5] }),
      'attention',
      'slopes must hold one finite number for each of the 2 heads, but is [-0.5]. Give 2 numbers, for example from slopePreset',
    ],
    [
      'a slope tensor of another size',
      call({ slopes: tf.zeros([3]) }),
      'shape',
      'slopes must have shape [2], but has [3].',
    ],
    [
      'a bias that is no number',
      call({ bias: NaN }),
      'attention',
      'bias must hold one finite number for each of the 2 heads',
    ],
    [
      'a distance table of another number of heads',
      call({ distanceTable: tf.zeros([3, 4]) }),
      'shape',
      'distanceTable must have shape [2, tableLength], but has [3, 4].',
    ],
    [
      'sink logits with sigmoid',
      call({ sinkLogits: tf.zeros([2]) }),
      'attention',
      "sinkLogits needs activation 'softmax': a sink logit adds to the softmax's denominator, and sigmoid attention has none.",
    ],
    ['an unknown kernel', call({ kernels: { use: 'webgpu' } }), 'kernel-refused', "there is no kernel 'webgpu'"],
  ])('%s', (_name, run, code, message) => {
    expect(run).toThrow(message)
    expect(run).toThrow(expect.objectContaining({ code }))
  })
})
