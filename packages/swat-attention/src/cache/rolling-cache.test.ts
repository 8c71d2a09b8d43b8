import { tf, useEngine } from '@swat-js/tensor-core'
import { expectClose, expectNoLeak } from '@swat-js/tensor-core/testing'
import { beforeAll, describe, expect, it } from 'vitest'
import { createRollingCache, disposeRollingCache, extendRollingCache, type RollingCache } from './rolling-cache.js'

describe.each(['cpu', 'wasm'] as const)('rolling cache on %s', (backend) => {
  beforeAll(async () => {
    await useEngine({ backend })
  })

  const tokens = (start: number, count: number, sign = 1) =>
    tf.tensor4d(
      Array.from({ length: count }, (_, i) => sign * (start + i)),
      [1, count, 1, 1],
    )
  const empty = () => createRollingCache({ batchSize: 1, kvHeads: 1, headDim: 1 })
  const extend = (past: RollingCache, count: number, window: number | null) =>
    extendRollingCache(past, tokens(past.position, count), tokens(past.position, count, -1), window)

  it('gives all keys to attend to and keeps the last window − 1', () => {
    const first = extend(empty(), 7, 4)
    expectClose(first.keys, [0, 1, 2, 3, 4, 5, 6])
    expect(first.keyOffset).toBe(0)
    expectClose(first.cache.keys, [4, 5, 6])
    expectClose(first.cache.values, [-4, -5, -6])
    expect(first.cache.position).toBe(7)

    const second = extend(first.cache, 2, 4)
    expectClose(second.keys, [4, 5, 6, 7, 8])
    expectClose(second.values, [-4, -5, -6, -7, -8])
    expect(second.keyOffset).toBe(4)
    expectClose(second.cache.keys, [6, 7, 8])
    expect(second.cache.position).toBe(9)
  })

  it('keeps nothing with a window of 1 and everything without a window', () => {
    const one = extend(extend(empty(), 2, 1).cache, 1, 1)
    expectClose(one.keys, [2])
    expect(one.keyOffset).toBe(2)
    expect(one.cache.keys.shape).toEqual([1, 0, 1, 1])
    const all = extend(extend(empty(), 2, null).cache, 3, null)
    expectClose(all.cache.keys, [0, 1, 2, 3, 4])
    expect(all.keyOffset).toBe(0)
  })

  it('leaves the past as it was', () => {
    const past = extend(empty(), 3, 4).cache
    extend(past, 5, 4)
    expectClose(past.keys, [0, 1, 2])
    expect(past.position).toBe(3)
  })

  it('leaves nothing behind when it is disposed', async () => {
    await expectNoLeak(() => {
      let cache = empty()
      for (let i = 0; i < 20; i++) {
        const next = tf.tidy(() => extend(cache, 3, 5).cache)
        disposeRollingCache(cache)
        cache = next
        expect(cache.keys.shape[1]).toBe(Math.min(4, cache.position))
      }
      disposeRollingCache(cache)
    })
  })
})

describe('rolling cache refuses', () => {
  beforeAll(async () => {
    await useEngine({ backend: 'cpu' })
  })

  it('sizes that are no positive integers', () => {
    expect(() => createRollingCache({ batchSize: 0, kvHeads: 1, headDim: 4 })).toThrow(
      'createRollingCache: batchSize must be an integer of at least 1, but is 0.',
    )
  })

  it('keys of another shape', () => {
    const cache = createRollingCache({ batchSize: 1, kvHeads: 2, headDim: 4 })
    const keys = tf.zeros([1, 3, 1, 4]) as tf.Tensor4D
    expect(() => extendRollingCache(cache, keys, keys, 4)).toThrow(
      'extendRollingCache: keys must have shape [1, length, 2, 4], but has [1, 3, 1, 4].',
    )
  })

  it('a smaller window in mid-stream', () => {
    const keys = tf.zeros([1, 9, 1, 4]) as tf.Tensor4D
    const { cache } = extendRollingCache(createRollingCache({ batchSize: 1, kvHeads: 1, headDim: 4 }), keys, keys, 8)
    expect(() => extendRollingCache(cache, keys, keys, 4)).toThrow(
      'the cache holds 7 keys, but a window of 4 needs 3 at most. Use one window for the whole stream.',
    )
  })
})
