import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
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
    expect(cost).toEqual({
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

  it('refuses sizes that are no positive integers', () => {
    expect(() => attentionCost({ length: 8, window: 4, heads: 0, kvHeads: 1, headDim: 4 })).toThrow(
      'attentionCost: heads must be an integer of at least 1, but is 0.',
    )
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
