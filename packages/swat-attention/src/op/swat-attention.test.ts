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

  it.each(['sigmoid', 'softmax'] as const)('keeps documents in one sequence apart, %s', (activation) => {
    const lengths = [5, 70, 14]
    const options = { window: 20, activation, slopes: [-0.5, 0.25], kernels }
    const ids = lengths.flatMap((length, id) => new Array<number>(length).fill(id))
    const joined = [1, 2, 3, 4].map((seed) => normal(seed, 1, ids.length, 2, 4))
    const run = (queries: tf.Tensor, keys: tf.Tensor, values: tf.Tensor) => {
      const segmentIds = tf.tensor2d(ids, [1, ids.length], 'int32') // gone before the backward pass unless it is kept
      const tensors = [queries, keys, values] as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D]
      return swatAttention(...tensors, { ...options, segmentIds })
    }
    const together = tf.grads(run)(joined.slice(0, 3), joined[3])
    const output = run(joined[0], joined[1], joined[2])
    lengths.forEach((length, i) => {
      const start = lengths.slice(0, i).reduce((sum, length) => sum + length, 0)
      const part = (x: tf.Tensor) => tf.slice(x as tf.Tensor4D, [0, start, 0, 0], [-1, length, -1, -1])
      const [queries, keys, values, outputGradient] = joined.map(part)
      const alone = (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor) =>
        swatAttention(q as tf.Tensor4D, k as tf.Tensor4D, v as tf.Tensor4D, options)
      expectClose(part(output), alone(queries, keys, values), { relative: 2e-6 })
      const apart = tf.grads(alone)([queries, keys, values], outputGradient)
      apart.forEach((gradient, i) => expectClose(part(together[i]), gradient, { relative: 1e-5 }))
    })
  })

  it('takes sequences that stand at different positions', () => {
    const [queries, keys] = [normal(1, 2, 3, 2, 4), normal(2, 2, 8, 2, 4)]
    const options = { window: 5, slopes: [-0.5, 0.25], kernels }
    const offsets = { queryOffset: [5, 40], keyOffset: [0, 37] }
    const both = swatAttention(queries, keys, keys, { ...options, ...offsets })
    for (const i of [0, 1]) {
      const [q, k] = [queries, keys].map((x) => tf.slice(x, [i, 0, 0, 0], [1, -1, -1, -1]))
      const one = { queryOffset: offsets.queryOffset[i], keyOffset: offsets.keyOffset[i] }
      const alone = swatAttention(q, k, k, { ...options, ...one })
      expectClose(tf.slice(both, [i, 0, 0, 0], [1, -1, -1, -1]), alone, { relative: 1e-6 })
    }
  })

  it('leaves nothing behind', async () => {
    const options = { window: 5, slopes: [-0.5, 0.5], bias: 0.25, kernels }
    await expectNoLeak(() => tf.dispose(gradients(70, options)))
    const [q, k, v] = [1, 2, 3].map((seed) => normal(seed, 1, 9, 2, 4))
    await expectNoLeak(() => swatAttention(q, k, v, options).dispose())
    const segmentIds = tf.tensor2d([0, 0, 0, 1, 1, 1, 1, 2, 2], [1, 9], 'int32')
    const run = (q: tf.Tensor) => swatAttention(q as tf.Tensor4D, k, v, { ...options, segmentIds, queryOffset: [3] })
    await expectNoLeak(() => tf.grad(run)(q).dispose())
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
    [
      'offsets for another number of sequences',
      call({ queryOffset: [1, 2] }),
      'shape',
      'queryOffset must be one number or one for each of the 1 sequences, but has 2. Give the absolute position of',
    ],
    [
      'a negative offset of a sequence',
      call({ keyOffset: [-2] }),
      'attention',
      'keyOffset[0] must be an integer of at',
    ],
    [
      'segment ids of another length',
      call({ segmentIds: tf.zeros([1, 5], 'int32') }),
      'shape',
      'segmentIds must have shape [1, 4], but has [1, 5].',
    ],
    [
      'segment ids of the wrong type',
      call({ segmentIds: tf.zeros([1, 4]) }),
      'attention',
      "segmentIds must be of type int32, but is float32. Make it with tf.tensor2d(ids, shape, 'int32').",
    ],
    [
      'one tensor of segment ids for different tokens',
      () => {
        const segmentIds = tf.zeros<tf.Rank.R2>([1, 2], 'int32')
        return swatAttention(zeros(1, 2, 2, 4), zeros(1, 4, 2, 4), zeros(1, 4, 2, 4), { window: 2, segmentIds })
      },
      'shape',
      'one tensor of segmentIds needs as many queries as keys, but there are 2 and 4. Give { queries: [batch, queries], keys',
    ],
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
    [
      'an unknown kernel',
      call({ kernels: { use: 'tensorflow' } }),
      'kernel-refused',
      "there is no kernel 'tensorflow'",
    ],
  ])('%s', (_name, run, code, message) => {
    expect(run).toThrow(message)
    expect(run).toThrow(expect.objectContaining({ code }))
  })
})
