import { readFileSync } from 'node:fs'
import { rotaryTables } from '@swat-js/positional-encodings'
import { createRandom, tf, useEngine } from '@swat-js/tensor-core'
import { checkGradients, expectClose, expectNoLeak, type GoldenTensor } from '@swat-js/tensor-core/testing'
import { beforeAll, describe, expect, it } from 'vitest'
import { attentionHeads, inCachePosition } from './attention-heads.js'
import { createRollingCache, disposeRollingCache } from './cache/rolling-cache.js'
import { layerCacheOptions } from './layer-cache-options.js'
import { type SwatAttentionParameters, type SwatAttentionSettings, swatAttentionLayer } from './layer.js'

const golden = JSON.parse(readFileSync(new URL('../../../test/golden/softmax-attention.json', import.meta.url), 'utf8'))
  .streaming_llm as { start_size: number; recent_past: number } & Record<'q' | 'k' | 'v' | 'out', GoldenTensor>

const [batch, length, heads, headDim] = [1, 12, 2, 4]
const channels = heads * headDim

const plain: SwatAttentionSettings = {
  ...{ heads, kvHeads: heads, headDim, activation: 'softmax', slopes: null, bias: null, qkNorm: false },
  window: golden.recent_past + 1,
}
const streaming: SwatAttentionSettings = { ...plain, sinks: golden.start_size, sinkPositions: 'in-cache' }

const numbers = (seed: number, ...shape: number[]) => {
  const random = createRandom(seed)
  const size = shape.reduce((product, axis) => product * axis)
  return tf.tensor(
    Float32Array.from({ length: size }, () => 0.5 * random.normal()),
    shape,
  )
}

/** The unrotated queries, keys and values side by side, and projections that take them apart. */
function goldenLayer() {
  const flat = ({ data }: GoldenTensor) => tf.tensor3d([...data], [batch, length, channels])
  const take = (part: number) => ({
    weight: tf.pad(tf.eye(channels), [
      [0, 0],
      [part * channels, (2 - part) * channels],
    ]),
  })
  const output = tf.pad(tf.eye(channels), [
    [0, 2 * channels],
    [0, 0],
  ])
  return {
    x: tf.concat([flat(golden.q), flat(golden.k), flat(golden.v)], 2) as tf.Tensor3D,
    parameters: { q_proj: take(0), k_proj: take(1), v_proj: take(2), o_proj: { weight: output } },
  }
}

/** Tables for the tokens from `start` on, as the layer takes them. */
function tablesAt(start: number, count: number, { sinks = 0, window }: SwatAttentionSettings) {
  const positions = Array.from({ length: count }, (_, i) => start + i)
  return {
    rotary: rotaryTables({ headDim, positions }),
    sinkRotary: rotaryTables({ headDim, positions: positions.map((p) => inCachePosition(p, sinks, window!)) }),
  }
}

describe.each(['cpu', 'wasm'] as const)('StreamingLLM on %s', (backend) => {
  beforeAll(async () => {
    await useEngine({ backend })
  })

  it('golden: the whole text at once', () => {
    const { x, parameters } = goldenLayer()
    const { output } = swatAttentionLayer(x, parameters, streaming, tablesAt(0, length, streaming))
    expectClose(tf.slice(output, [0, 0, 0], [batch, length, channels]), golden.out.data, { relative: 2e-6 })
  })

  it.each([[[1]], [[12]], [[5, 7]], [[1, 6, 5]], [[3]]])('golden: as a stream in chunks of %j', async (chunks) => {
    const { x, parameters } = goldenLayer()
    await expectNoLeak(() => {
      let cache = createRollingCache(layerCacheOptions(streaming, batch))
      const outputs: number[] = []
      for (let start = 0, i = 0; start < length; i++) {
        const count = Math.min(chunks[i % chunks.length], length - start)
        tf.tidy(() => {
          const part = tf.slice(x, [0, start, 0], [batch, count, 3 * channels])
          const step = swatAttentionLayer(part, parameters, streaming, { ...tablesAt(start, count, streaming), cache })
          cache = step.cache!
          outputs.push(...tf.slice(step.output, [0, 0, 0], [batch, count, channels]).dataSync())
        })
        start += count
      }
      disposeRollingCache(cache)
      expectClose(outputs, golden.out.data, { relative: 2e-6 })
    })
  })

  it('differs from sinks that are seen where they stood, and from none', () => {
    const { x, parameters } = goldenLayer()
    for (const changes of [{ sinkPositions: 'absolute' }, { sinks: 0 }] as Partial<SwatAttentionSettings>[]) {
      const settings = { ...streaming, ...changes }
      const { output } = swatAttentionLayer(x, parameters, settings, tablesAt(0, length, streaming))
      const values = tf.slice(output, [0, 0, 0], [batch, length, channels]).dataSync()
      const difference = Math.max(...values.map((value, i) => Math.abs(value - golden.out.data[i])))
      expect(difference).toBeGreaterThan(0.05)
    }
  })
})

const hidden = 6
const projections = (bias: boolean) => {
  const projection = (seed: number, rows: number) => ({
    weight: numbers(seed, rows, hidden) as tf.Tensor2D,
    ...(bias && { bias: numbers(seed + 10, rows) as tf.Tensor1D }),
  })
  return {
    q_proj: projection(1, channels),
    k_proj: projection(2, channels),
    v_proj: projection(3, channels),
    o_proj: { weight: numbers(4, hidden, channels) as tf.Tensor2D },
  }
}
const variants: [string, SwatAttentionSettings, SwatAttentionParameters][] = await (async () => {
  await useEngine({ backend: 'cpu' })
  return [
    [
      'sigmoid with learned slopes, bias, distance table, and biases of the projections',
      { ...plain, activation: 'sigmoid', slopes: 'learned', bias: 'learned', distanceTable: 3, qkvBias: true },
      {
        ...projections(true),
        slopes: tf.tensor1d([-0.5, 0.25]),
        sigmoid_bias: tf.tensor1d([-1, 0.5]),
        learnable_bias_diagonals: numbers(7, heads, 3) as tf.Tensor2D,
      },
    ],
    [
      'softmax with a learned sink logit and sinks in the cache',
      { ...streaming, window: 3, learnedSink: true },
      { ...projections(false), sink_logits: tf.tensor1d([0.5, -0.25]) },
    ],
  ]
})()

describe.each(['cpu', 'wasm'] as const)('learned terms on %s', (backend) => {
  beforeAll(async () => {
    await useEngine({ backend })
  })

  it.each(variants)('%s: the gradient of differences in every parameter', (_, settings, parameters) => {
    const tables = tablesAt(0, 7, settings)
    checkGradients(
      ({ x, ...parameters }) =>
        tf.sum(
          tf.square(swatAttentionLayer(x, parameters as SwatAttentionParameters, settings, tables).output),
        ) as tf.Scalar,
      { x: numbers(5, 2, 7, hidden) as tf.Tensor3D, ...parameters },
      { step: 3e-3, absolute: 2e-3 },
    )
  })

  it('biases of projections are added before anything else', () => {
    const [, settings, parameters] = variants[0]
    const x = numbers(5, 1, 2, hidden) as tf.Tensor3D
    const bare = attentionHeads(x, projections(false), settings, { rotary: null })
    const biased = attentionHeads(x, parameters, settings, { rotary: null })
    for (const [name, projection] of [['queries', 'q_proj'] as const, ['values', 'v_proj'] as const]) {
      const bias = tf.reshape(parameters[projection].bias!, [1, 1, heads, headDim])
      expectClose(biased[name], tf.add(bare[name], bias))
    }
  })
})

describe('swatAttentionLayer refuses', () => {
  beforeAll(async () => {
    await useEngine({ backend: 'cpu' })
  })
  const x = () => numbers(5, 1, 7, hidden) as tf.Tensor3D

  it('sinks in the cache without their tables', () => {
    const { rotary } = tablesAt(0, 7, streaming)
    expect(() => swatAttentionLayer(x(), projections(false), streaming, { rotary })).toThrow(
      "swatAttentionLayer: sinkPositions 'in-cache' needs context.sinkRotary, but it is missing.",
    )
  })

  it.each<[Partial<SwatAttentionSettings>, Partial<SwatAttentionParameters>, string]>([
    [{ slopes: 'learned' }, {}, 'slopes asks for slopes, but it is missing. Give a tensor [2] or change slopes.'],
    [{ bias: 'learned' }, {}, 'bias asks for sigmoid_bias, but it is missing.'],
    [{ distanceTable: 3 }, {}, 'distanceTable asks for learnable_bias_diagonals, but it is missing.'],
    [{ learnedSink: true }, {}, 'learnedSink asks for sink_logits, but it is missing.'],
    [{ qkvBias: true }, {}, 'qkvBias asks for q_proj.bias, but it is missing. Give a tensor [8]'],
    [{}, { slopes: tf.zeros([2]) as tf.Tensor1D }, 'slopes does not ask for slopes, but it is given. Leave it out'],
    [
      { distanceTable: 3 },
      { learnable_bias_diagonals: tf.zeros([2, 4]) },
      'learnable_bias_diagonals must have shape [2, 3], but has [2, 4].',
    ],
  ])('%j with other parameters', (settings, parameters, message) => {
    const run = () =>
      swatAttentionLayer(x(), { ...projections(false), ...parameters }, { ...plain, ...settings }, { rotary: null })
    expect(run).toThrow(`swatAttentionLayer: ${message}`)
  })

  it('a cache with other sinks', () => {
    const cache = createRollingCache({ ...layerCacheOptions(plain, 1), sinks: 1 })
    expect(() => swatAttentionLayer(x(), projections(false), plain, { rotary: null, cache })).toThrow(
      'swatAttentionLayer: the cache must have the sinks of the layer, 0, but has 1.',
    )
    disposeRollingCache(cache)
  })
})
