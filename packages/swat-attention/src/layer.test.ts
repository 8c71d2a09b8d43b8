import { applyRotary, rotaryTables } from '@swat-js/positional-encodings'
import { createRandom, linear, rmsNorm, tf, useEngine } from '@swat-js/tensor-core'
import { checkGradients, expectClose, expectNoLeak } from '@swat-js/tensor-core/testing'
import { beforeAll, describe, expect, it } from 'vitest'
import { createRollingCache, disposeRollingCache, type RollingCache } from './cache/rolling-cache.js'
import { type SwatAttentionParameters, type SwatAttentionSettings, swatAttentionLayer } from './layer.js'
import { swatAttention } from './op/swat-attention.js'

const settings: SwatAttentionSettings = {
  heads: 4,
  kvHeads: 2,
  headDim: 4,
  window: 3,
  activation: 'sigmoid',
  slopes: [-0.5, -0.25, 0.5, 0.25],
  bias: -1,
  qkNorm: true,
}
const hidden = 6

const matrix = (seed: number, rows: number, columns: number) => {
  const random = createRandom(seed)
  return tf.tensor2d(
    Float32Array.from({ length: rows * columns }, () => 0.5 * random.normal()),
    [rows, columns],
  )
}

const makeParameters = (): SwatAttentionParameters & Required<Pick<SwatAttentionParameters, 'q_norm' | 'k_norm'>> => ({
  q_proj: { weight: matrix(1, 16, hidden) },
  k_proj: { weight: matrix(2, 8, hidden) },
  v_proj: { weight: matrix(3, 8, hidden) },
  o_proj: { weight: matrix(4, hidden, 16) },
  q_norm: { weight: tf.tensor1d([1, 0.5, -1, 2]) },
  k_norm: { weight: tf.tensor1d([0.5, 1, 1.5, -1]) },
})
const input = () => tf.reshape(matrix(5, 10, hidden), [2, 5, hidden]) as tf.Tensor3D
const tables = () => rotaryTables({ headDim: 4, positions: { start: 0, length: 5 } })

describe.each(['cpu', 'wasm'] as const)('swatAttentionLayer on %s', (backend) => {
  beforeAll(async () => {
    await useEngine({ backend })
  })

  it('projects, normalises, rotates, attends, projects', () => {
    const [x, parameters, rotary] = [input(), makeParameters(), tables()]
    const heads = (weight: tf.Tensor2D, count: number) => tf.reshape(linear(x, weight), [2, 5, count, 4]) as tf.Tensor4D
    const norm = (x: tf.Tensor4D, weight: tf.Tensor1D) => rmsNorm(x, weight, { epsilon: 1e-5 })
    const { q_proj, k_proj, v_proj, o_proj, q_norm, k_norm } = parameters
    const attended = swatAttention(
      applyRotary(norm(heads(q_proj.weight, 4), q_norm.weight), rotary),
      applyRotary(norm(heads(k_proj.weight, 2), k_norm.weight), rotary),
      heads(v_proj.weight, 2),
      { window: 3, slopes: [-0.5, -0.25, 0.5, 0.25], bias: -1 },
    )
    const expected = linear(tf.reshape(attended, [2, 5, 16]), o_proj.weight)
    const { output, cache } = swatAttentionLayer(x, parameters, settings, { rotary })
    expectClose(output, expected)
    expect(cache).toBeNull()
  })

  it('has the gradient of its differences in every parameter', () => {
    const rotary = tables()
    checkGradients(
      ({ x, ...parameters }) =>
        tf.sum(tf.square(swatAttentionLayer(x, parameters, settings, { rotary }).output)) as tf.Scalar,
      { x: input(), ...makeParameters() },
      { step: 3e-3, absolute: 1e-3 },
    )
  })

  it('leaves nothing behind but its output and cache', async () => {
    const [x, parameters, rotary] = [input(), makeParameters(), tables()]
    const cache = createRollingCache({ batchSize: 2, kvHeads: 2, headDim: 4, window: 3 })
    await expectNoLeak(() => tf.dispose(swatAttentionLayer(x, parameters, settings, { rotary }).output))
    let newest: RollingCache | null = cache
    await expectNoLeak(() => {
      const { output, cache: next } = swatAttentionLayer(x, parameters, settings, { rotary, cache })
      output.dispose()
      newest = next
    })
    expect(newest?.positions).toEqual([5, 5])
    if (newest) disposeRollingCache(newest)
  })

  it('rotates each sequence by its own position', () => {
    const [x, parameters] = [input(), makeParameters()]
    const starts = [0, 2 ** 31]
    const run = (x: tf.Tensor3D, starts: number[], lengths?: number[]) => {
      const positions = starts.flatMap((start) => [0, 1, 2, 3, 4].map((i) => start + i))
      const cache = createRollingCache({
        batchSize: starts.length,
        kvHeads: 2,
        headDim: 4,
        window: 3,
        position: starts,
      })
      const context = { rotary: rotaryTables({ headDim: 4, positions }), cache, lengths }
      const result = swatAttentionLayer(x, parameters, settings, context)
      if (result.cache) disposeRollingCache(result.cache)
      return result.output
    }
    const together = run(x, starts)
    starts.forEach((start, b) => {
      const alone = run(tf.slice(x, [b, 0, 0], [1, -1, -1]), [start])
      expectClose(tf.slice(together, [b, 0, 0], [1, -1, -1]), alone)
    })
    const padded = run(x, starts, [5, 2])
    expectClose(tf.slice(padded, [1, 0, 0], [1, 2, -1]), tf.slice(together, [1, 0, 0], [1, 2, -1]))
  })

  it('hands the kernel choice to every op', () => {
    const chosen: string[] = []
    const kernels = { use: 'composite', onChoice: ({ op }: { op: string }) => void chosen.push(op) } as const
    swatAttentionLayer(input(), makeParameters(), settings, { rotary: tables(), kernels })
    expect(chosen).toEqual([
      ...['linear', 'rmsNorm', 'applyRotary'],
      ...['linear', 'rmsNorm', 'applyRotary'],
      ...['linear', 'swatAttention', 'linear'],
    ])
  })
})

describe('swatAttentionLayer refuses', () => {
  beforeAll(async () => {
    await useEngine({ backend: 'cpu' })
  })

  it('a projection of another shape', () => {
    const parameters = { ...makeParameters(), k_proj: { weight: matrix(2, 16, hidden) } }
    expect(() => swatAttentionLayer(input(), parameters, settings, { rotary: null })).toThrow(
      'swatAttentionLayer: k_proj.weight must have shape [8, 6], but has [16, 6].',
    )
  })

  it('a norm that is missing or not asked for', () => {
    const without = { ...makeParameters(), q_norm: undefined }
    const notAsked = { ...settings, qkNorm: false }
    expect(() => swatAttentionLayer(input(), without, settings, { rotary: null })).toThrow(
      'qkNorm asks for q_norm.weight, but it is missing. Give a tensor [4] or change qkNorm.',
    )
    expect(() => swatAttentionLayer(input(), makeParameters(), notAsked, { rotary: null })).toThrow(
      'qkNorm does not ask for q_norm.weight, but it is given. Leave it out or change qkNorm.',
    )
  })

  it('a cache of another window', () => {
    const cache = createRollingCache({ batchSize: 2, kvHeads: 2, headDim: 4, window: 8 })
    expect(() => swatAttentionLayer(input(), makeParameters(), settings, { rotary: null, cache })).toThrow(
      'swatAttentionLayer: the cache must have the window of the layer, 3, but has 8.',
    )
    disposeRollingCache(cache)
  })

  it('rotation tables for another length', () => {
    const rotary = rotaryTables({ headDim: 4, positions: { start: 0, length: 7 } })
    expect(() => swatAttentionLayer(input(), makeParameters(), settings, { rotary })).toThrow(
      'applyRotary: x must have shape [batch, 7, heads, 4], but has [2, 5, 4, 4].',
    )
  })
})
