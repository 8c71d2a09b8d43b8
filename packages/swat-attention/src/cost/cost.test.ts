import { readFileSync } from 'node:fs'
import { tf, useEngine } from '@swat-js/tensor-core'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { attentionModule } from '../kernels/wasm/attention-module.js'
import { swatAttention } from '../op/swat-attention.js'
import { inWindow } from '../window/window.js'
import { attentionCost, visiblePairs } from './attention-cost.js'
import { receptiveField } from './receptive-field.js'

type Row = Record<string, number>
const golden: { attention: Row[]; receptive_field: Row[]; receptive_field_measured: Row[] } = JSON.parse(
  readFileSync(new URL('../../../../test/golden/flops.json', import.meta.url), 'utf8'),
)

describe('attentionCost', () => {
  it.each(golden.attention)('length $N, window $window, heads $heads:$kv_heads', (row) => {
    const sizes = { length: row.N, window: row.window, heads: row.heads, kvHeads: row.kv_heads, headDim: row.head_dim }
    const cost = attentionCost({ ...sizes, bytesPerElement: 2 })
    expect(cost).toMatchObject({
      visiblePairs: row.pairs_per_head,
      forwardOperations: row.fwd_matmul,
      biasOperations: row.fwd_bias,
      backwardOperations: row.bwd_matmul_recompute,
      backwardOperationsStored: row.bwd_matmul_stored,
      forwardBytes: row.ideal_bytes_fwd_2B,
      storedWeightBytes: 2 * row.weights_if_stored,
      cacheElements: row.kv_cache_elems,
      cacheBytes: 2 * row.kv_cache_elems,
    })
    expect(attentionCost(sizes).cacheBytes).toBe(4 * row.kv_cache_elems)
  })

  const sizes = { length: 4096, window: 256, heads: 16, kvHeads: 4, headDim: 64, bytesPerElement: 2 }

  it('counts one token through a full cache: 4·D·w·H operations', () => {
    expect(attentionCost(sizes).decodeOperations).toBe(4 * 64 * 256 * 16)
    expect(attentionCost({ ...sizes, length: 100 }).decodeOperations).toBe(4 * 64 * 100 * 16)
  })

  it('counts the tensors that go through a backward pass', () => {
    const [queries, keys] = [4096 * 16 * 64, 4096 * 4 * 64]
    const read = queries + 2 * keys + queries // q, k, v and the gradient of o
    const written = queries + 2 * keys
    expect(attentionCost(sizes).backwardBytes).toBe(2 * (read + written))
  })

  it('knows the reach of a stack of layers', () => {
    expect(attentionCost({ ...sizes, layers: 24 }).receptiveField).toBe(6121) // spec 3.3
    expect(attentionCost(sizes).receptiveField).toBe(256)
    expect(attentionCost({ ...sizes, window: null }).receptiveField).toBe(Infinity)
  })

  it('counts three matrices of every pair for dense attention', () => {
    const dense = attentionCost({ ...sizes, length: 16384, bytesPerElement: 4 }).peakBytes.dense
    expect(dense / 1e9).toBeCloseTo(51.5, 1) // PyTorch was measured at 55 to 70 GB
  })

  it('refuses sizes that are no positive integers', () => {
    expect(() => attentionCost({ length: 8, window: 4, heads: 0, kvHeads: 1, headDim: 4 })).toThrow(
      'attentionCost: heads must be an integer of at least 1, but is 0.',
    )
  })
})

describe('peak bytes', () => {
  beforeAll(async () => {
    await useEngine({ backend: 'wasm' })
  })

  it.each([1, 8, 13, 64, 80, 128, 256])('of the wasm kernel are its working memory, head size %i', (headDim) => {
    const sizes = { length: 4096, window: 128, heads: 2, kvHeads: 1, headDim }
    expect(attentionCost(sizes).peakBytes.fused).toBe(attentionModule.exports().scratchBytes(headDim))
  })

  it.each([
    { length: 1024, window: 64, heads: 2, kvHeads: 2, headDim: 16 },
    { length: 600, window: 250, heads: 4, kvHeads: 1, headDim: 16 },
    { length: 2048, window: 16, heads: 2, kvHeads: 2, headDim: 8 },
    { length: 300, window: null, heads: 3, kvHeads: 1, headDim: 32 },
  ])('of the composite kernel are what TensorFlow.js measures, or little more: %o', async (sizes) => {
    await useEngine({ backend: 'cpu' })
    const { length, window, heads, kvHeads, headDim } = sizes
    const [queries, outputGradient] = [tf.ones([1, length, heads, headDim]), tf.ones([1, length, heads, headDim])]
    const [keys, values] = [tf.ones([1, length, kvHeads, headDim]), tf.ones([1, length, kvHeads, headDim])]
    const before = tf.memory().numBytes
    const { kernels } = await tf.profile(() => {
      const run = (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor) =>
        swatAttention(q as tf.Tensor4D, k as tf.Tensor4D, v as tf.Tensor4D, { window, kernels: { use: 'composite' } })
      tf.dispose(tf.grads(run)([queries, keys, values], outputGradient))
      return tf.scalar(0)
    })
    const results = 2 * queries.size + keys.size + values.size // output and gradients
    const measured = Math.max(...kernels.map(({ totalBytesSnapshot }) => totalBytesSnapshot)) - before - 4 * results
    const { composite } = attentionCost(sizes).peakBytes
    expect(measured).toBeLessThanOrEqual(composite)
    expect(measured).toBeGreaterThan(composite / 2)
  })
})

describe('visiblePairs', () => {
  it('counts what the window rule lets through', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.option(fc.integer({ min: 1, max: 50 })), (length, window) => {
        let count = 0
        for (let m = 0; m < length; m++) for (let n = 0; n < length; n++) if (inWindow(m, n, window)) count++
        expect(visiblePairs(length, window)).toBe(count)
      }),
    )
  })

  it('refuses a window of 0', () => {
    expect(() => visiblePairs(8, 0)).toThrow('visiblePairs: window must be an integer of at least 1, but is 0.')
  })
})

describe('receptiveField', () => {
  it.each(golden.receptive_field)('window $window, layers $layers', ({ window, layers, tokens }) => {
    expect(receptiveField({ window, layers })).toBe(tokens)
  })

  it.each(golden.receptive_field_measured)(
    'measured: window $window, layers $layers',
    ({ window, layers, measured }) => {
      expect(receptiveField({ window, layers })).toBe(measured)
    },
  )

  it('is endless without a window', () => {
    expect(receptiveField({ window: null, layers: 2 })).toBe(Infinity)
  })
})
