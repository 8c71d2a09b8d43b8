import { tf, useEngine } from '@swat-js/tensor-core'
import { expectNoLeak, webgpuUnavailable } from '@swat-js/tensor-core/testing'
import { beforeAll, describe, expect, it } from 'vitest'
import { reserveRows } from './reserve-rows.js'
import { createRollingCache, disposeRollingCache, restartSequences } from './rolling-cache.js'

const sizes = { batchSize: 2, kvHeads: 3, headDim: 4, window: 6 }

beforeAll(async () => {
  await useEngine({ backend: 'cpu' })
})

describe('createRollingCache', () => {
  it('takes memory for window − 1 keys and the sinks', async () => {
    await expectNoLeak(() => {
      const cache = createRollingCache({ ...sizes, sinks: 2 })
      expect(cache.memory.keys.shape).toEqual([2, 2 + 5, 3, 4])
      expect(cache.memory.values.shape).toEqual([2, 2 + 5, 3, 4])
      expect(cache.positions).toEqual([0, 0])
      disposeRollingCache(cache)
    })
  })

  it('starts where it is told', () => {
    const everywhere = createRollingCache({ ...sizes, position: 7 })
    const each = createRollingCache({ ...sizes, position: [2 ** 40, 3] })
    expect([everywhere.positions, each.positions]).toEqual([
      [7, 7],
      [2 ** 40, 3],
    ])
    disposeRollingCache(everywhere)
    disposeRollingCache(each)
  })

  it('outlives tf.tidy', () => {
    const cache = tf.tidy(() => {
      const made = createRollingCache(sizes)
      return { made } as unknown as tf.TensorContainerObject
    }) as unknown as { made: ReturnType<typeof createRollingCache> }
    expect(cache.made.memory.keys.isDisposed).toBe(false)
    disposeRollingCache(cache.made)
    expect(cache.made.memory.keys.isDisposed).toBe(true)
  })

  it.each<[string, Partial<Parameters<typeof createRollingCache>[0]>, string]>([
    ['no sequences', { batchSize: 0 }, 'batchSize must be an integer of at least 1, but is 0.'],
    ['no window', { window: 0 }, 'window must be an integer of at least 1, but is 0.'],
    ['half a sink', { sinks: 0.5 }, 'sinks must be an integer of at least 0, but is 0.5.'],
    ['a negative position', { position: -1 }, 'position must be an integer of at least 0, but is -1.'],
    ['positions of other sequences', { position: [1] }, 'one for each of the 2 sequences, but has 1.'],
  ])('refuses %s', (_name, options, message) => {
    expect(() => createRollingCache({ ...sizes, ...options })).toThrow(message)
  })
})

const noGpu = await webgpuUnavailable()

it.for(['cpu', 'wasm', 'webgpu'] as const)(
  'createRollingCache on %s says how much memory it cannot have',
  async (backend, { skip }) => {
    if (backend === 'webgpu' && noGpu !== null) return skip(noGpu)
    await useEngine({ backend })
    await expectNoLeak(() => {
      expect(() => createRollingCache({ ...sizes, window: 2 ** 40 })).toThrow(
        expect.objectContaining({
          code: 'cache',
          message: expect.stringMatching(
            /^createRollingCache: keys and values \[2, 1099511627775, 3, 4\] take 105553116266400 bytes each, but .*\. Choose a smaller window or batch, or window null/,
          ),
        }),
      )
    })
    expect([...(await tf.square(tf.tensor1d([3])).data())]).toEqual([9])
    await useEngine({ backend: 'cpu' })
  },
)

describe('restartSequences', () => {
  it('sets some sequences to a new start and consumes the cache', async () => {
    await expectNoLeak(() => {
      const cache = createRollingCache({ ...sizes, position: [5, 9] })
      const restarted = restartSequences(cache, [1], 30)
      expect([restarted.positions, restarted.starts]).toEqual([
        [5, 30],
        [5, 30],
      ])
      expect(restarted.memory).toBe(cache.memory)
      expect(() => restartSequences(cache, [0])).toThrow(
        'restartSequences: the cache must be the newest of its stream, but an earlier call has consumed it (state 0, ' +
          'newest 1). Go on with the cache which that call returned.',
      )
      disposeRollingCache(cache) // has nothing left
      expect(restartSequences(restarted, [0, 1]).positions).toEqual([0, 0])
      expect(cache.memory.keys.isDisposed).toBe(false)
      disposeRollingCache({ ...restarted, state: 2 })
    })
  })

  it('refuses sequences and positions that do not exist, and a cache without memory', () => {
    const cache = createRollingCache(sizes)
    expect(() => restartSequences(cache, [2])).toThrow('a sequence must be an integer from 0 to 1, but one is 2.')
    expect(() => restartSequences(cache, [0], 0.5)).toThrow('position must be an integer of at least 0, but is 0.5.')
    disposeRollingCache(cache)
    expect(() => restartSequences(cache, [0])).toThrow('the cache was disposed of. Make a new one')
    disposeRollingCache(cache) // once more does no harm
  })
})

describe('reserveRows', () => {
  it('moves every key to its row in a larger ring', async () => {
    await expectNoLeak(() => {
      const empty = createRollingCache({ batchSize: 2, kvHeads: 1, headDim: 1, window: null, position: [70, 0] })
      const cache = { ...empty, positions: [100, 60] }
      const held = (b: number, row: number, capacity: number) => {
        for (let position = cache.starts[b]; position < cache.positions[b]; position++) {
          if (position % capacity === row) return 1000 * b + position
        }
        return -1
      }
      const layOut = (capacity: number) =>
        Array.from({ length: 2 * capacity }, (_, i) => held(Math.floor(i / capacity), i % capacity, capacity))
      tf.dispose([cache.memory.keys, cache.memory.values])
      cache.memory.keys = tf.tensor4d(layOut(64), [2, 64, 1, 1])
      cache.memory.values = tf.neg(cache.memory.keys)

      reserveRows(cache, [34, 4])
      expect(cache.memory.keys.shape).toEqual([2, 64, 1, 1])
      reserveRows(cache, [35, 70])
      const expected = layOut(256)
      expect(cache.memory.keys.shape).toEqual([2, 256, 1, 1])
      const [keys, values] = [cache.memory.keys.dataSync(), cache.memory.values.dataSync()]
      expected.forEach((key, row) => {
        if (key >= 0) expect([keys[row], values[row]]).toEqual([key, -key])
      })
      disposeRollingCache(cache)
    })
  })

  it('leaves a cache with a window alone', () => {
    const cache = createRollingCache(sizes)
    const { keys } = cache.memory
    reserveRows(cache, [1000, 1])
    expect(cache.memory.keys).toBe(keys)
    disposeRollingCache(cache)
  })
})
