import { readFileSync } from 'node:fs'
import { rotaryTables } from '@swat-js/positional-encodings'
import {
  createRollingCache,
  disposeRollingCache,
  type RollingCache,
  type SwatAttentionParameters,
  type SwatAttentionSettings,
  swatAttentionLayer,
} from '../src/index.js'
import { createRandom, embedding, linear, rmsNorm, swiGlu, tf, useEngine } from '@swat-js/tensor-core'
import { expectClose, type GoldenTensor } from '@swat-js/tensor-core/testing'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'

const golden = JSON.parse(readFileSync(new URL('../../../test/golden/streaming.json', import.meta.url), 'utf8'))
const { heads, kv_heads: kvHeads, head_dim: headDim, window, slopes, layers } = golden.config

const settings: SwatAttentionSettings = {
  ...{ heads, kvHeads, headDim, window, slopes },
  activation: 'sigmoid',
  bias: null,
  qkNorm: false,
}
const empty = (of: number | null = window) => createRollingCache({ batchSize: 1, kvHeads, headDim, window: of })
const rotaryAt = (start: number, length: number) => rotaryTables({ headDim, positions: { start, length } })

function weight(name: string): tf.Tensor2D {
  const { shape, data }: GoldenTensor = golden.weights[`${name}.weight`]
  const columns = shape[shape.length - 1]
  return tf.tensor2d([...data], [data.length / columns, columns])
}

/** The golden model over a chunk of tokens, its attention through the package's layer. */
function model(ids: number[], caches: RollingCache[]): { logits: tf.Tensor; caches: RollingCache[] } {
  const norm = (x: tf.Tensor, name: string) => rmsNorm(x, tf.reshape(weight(name), [-1]) as tf.Tensor1D)
  const rotary = rotaryAt(caches[0].positions[0], ids.length)
  const next: RollingCache[] = []
  let x = embedding(tf.tensor2d([ids], [1, ids.length], 'int32'), weight('model.embeddings'))
  for (let i = 0; i < layers; i++) {
    const at = `model.layers.${i}`
    const projections = ['q_proj', 'k_proj', 'v_proj', 'o_proj'].map((name) => [
      name,
      { weight: weight(`${at}.attn.${name}`) },
    ])
    const parameters = Object.fromEntries(projections) as SwatAttentionParameters
    const attention = swatAttentionLayer(norm(x, `${at}.attn_norm`) as tf.Tensor3D, parameters, settings, {
      rotary,
      cache: caches[i],
    })
    if (attention.cache) next.push(attention.cache)
    x = tf.add(x, attention.output)
    const normed = norm(x, `${at}.mlp_norm`)
    const [gate, up] = ['gate_proj', 'up_proj'].map((name) => linear(normed, weight(`${at}.mlp.${name}`)))
    x = tf.add(x, linear(swiGlu(gate, up), weight(`${at}.mlp.down_proj`)))
  }
  return { logits: linear(norm(x, 'model.norm'), weight('lm_head')), caches: next }
}

describe.each(['cpu', 'wasm'] as const)('streaming through the rolling cache on %s', (backend) => {
  beforeAll(async () => {
    await useEngine({ backend })
  })

  it.each<[string, number[]]>([[18], ...golden.chunkings].map((sizes: number[]) => [sizes.join(' '), sizes]))(
    'golden logits in chunks of %s',
    (_name, sizes) => {
      let caches = Array.from({ length: layers }, empty)
      const parts = sizes.map((size) => {
        const start = caches[0].positions[0]
        const result = model(golden.ids[0].slice(start, start + size), caches)
        caches = result.caches
        for (const { memory, positions } of caches) {
          expect(positions).toEqual([start + size])
          expect(memory.keys.shape[1]).toBe(window - 1)
        }
        return result.logits
      })
      expectClose(tf.concat(parts, 1), golden.logits, { relative: 2e-5 })
      caches.forEach(disposeRollingCache)
    },
  )

  it('gives the same output for every chunking, window and length', () => {
    const length = 40
    const random = createRandom(3)
    const normal = (...shape: number[]) =>
      tf.tensor(
        Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => random.normal()),
        shape,
      )
    const project = () => ({ weight: tf.mul(normal(8, 8), 0.4) as tf.Tensor2D })
    const parameters = { q_proj: project(), k_proj: project(), v_proj: project(), o_proj: project() }
    const x = normal(1, length, 8) as tf.Tensor3D
    const chunkings = fc.array(fc.integer({ min: 1, max: 15 }), { minLength: 40, maxLength: 40 }).map((sizes) => {
      const ends = sizes.map((_, i) => sizes.slice(0, i + 1).reduce((a, b) => a + b))
      return [0, ...ends.filter((end) => end < length), length]
    })
    const windows = fc.option(fc.integer({ min: 1, max: 45 }))
    const activations = fc.constantFrom('sigmoid' as const, 'softmax' as const)
    fc.assert(
      fc.property(chunkings, windows, activations, (cuts, window, activation) => {
        tf.tidy(() => {
          const now = { ...settings, window, activation }
          const whole = swatAttentionLayer(x, parameters, now, { rotary: rotaryAt(0, length) }).output
          let cache: RollingCache = empty(window)
          const parts = cuts.slice(1).map((end, i) => {
            const size = end - cuts[i]
            const chunk = tf.slice(x, [0, cuts[i], 0], [1, size, 8])
            const result = swatAttentionLayer(chunk, parameters, now, { rotary: rotaryAt(cuts[i], size), cache })
            cache = result.cache as RollingCache
            return result.output
          })
          disposeRollingCache(cache)
          expectClose(tf.concat(parts, 1), whole, { relative: 2e-5 })
        })
      }),
      { numRuns: 15, seed: 1 },
    )
  })

  it('keeps its size over 5,000 one-token steps and leaves nothing behind', () => {
    const project = (seed: number) => {
      const random = createRandom(seed)
      return {
        weight: tf.tensor2d(
          Float32Array.from({ length: 64 }, () => 0.4 * random.normal()),
          [8, 8],
        ),
      }
    }
    const parameters = { q_proj: project(1), k_proj: project(2), v_proj: project(3), o_proj: project(4) }
    const x = tf.ones([1, 1, 8]) as tf.Tensor3D
    let cache = empty()
    const { numTensors, numBytes } = tf.memory()
    for (let step = 0; step < 5000; step++) {
      tf.tidy(() => {
        const result = swatAttentionLayer(x, parameters, settings, { rotary: rotaryAt(step, 1), cache })
        if (step % 500 === 0) expect(result.output.dataSync().every(Number.isFinite)).toBe(true)
        cache = result.cache as RollingCache
      })
    }
    expect(cache.positions).toEqual([5000])
    expect(cache.memory.keys.shape).toEqual([1, window - 1, kvHeads, headDim])
    expect(tf.memory()).toMatchObject({ numTensors, numBytes })
    disposeRollingCache(cache)
  })

  // cosines and sines from 80-digit arithmetic
  it.each([
    {
      start: 1_000_000,
      cos: [0.9367521275331447, -0.9993608074382124, -0.9521553682590148, 0.5623790762907029],
      sin: [-0.34999350217129294, 0.03574879797201651, -0.30561438888825215, 0.8268795405320025],
    },
    {
      start: 2 ** 31,
      cos: [0.23781619457280337, 0.18010315959888354, -0.7197952303188513, -0.6480699549441657],
      sin: [-0.9713101757929392, -0.9836477275440121, 0.6941864493133181, -0.7615808121917641],
    },
  ])('streams from position $start as from 0, with exact angles', ({ start, cos, sin }) => {
    const tables = rotaryTables({ headDim: 8, positions: { start, length: 1 } })
    expectClose(tables.cos, cos, { relative: 1e-7 })
    expectClose(tables.sin, sin, { relative: 1e-7 })

    const project = (seed: number) => {
      const random = createRandom(seed)
      return {
        weight: tf.tensor2d(
          Float32Array.from({ length: 64 }, () => 0.4 * random.normal()),
          [8, 8],
        ),
      }
    }
    const parameters = { q_proj: project(1), k_proj: project(2), v_proj: project(3), o_proj: project(4) }
    const random = createRandom(5)
    const x = tf.tensor3d(
      Float32Array.from({ length: 8 * 30 }, () => random.normal()),
      [1, 30, 8],
    )
    const stream = (position: number) => {
      let cache: RollingCache = createRollingCache({ batchSize: 1, kvHeads, headDim, window, position })
      const outputs = [12, 1, 1, 16].map((size) => {
        const at = cache.positions[0]
        const chunk = tf.slice(x, [0, at - position, 0], [1, size, 8])
        const result = swatAttentionLayer(chunk, parameters, settings, { rotary: rotaryAt(at, size), cache })
        cache = result.cache as RollingCache
        return result.output
      })
      disposeRollingCache(cache)
      return tf.concat(outputs, 1)
    }
    expectClose(stream(start), stream(0), { relative: 2e-6 })
  })
})
