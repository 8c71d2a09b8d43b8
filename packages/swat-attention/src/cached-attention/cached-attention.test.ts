import { createRandom, gpuInfo, type KernelChoice, type KernelPolicy, tf, useEngine } from '@swat-js/tensor-core'
import { expectNoLeak, webgpuUnavailable } from '@swat-js/tensor-core/testing'
import { beforeAll, describe, expect, it } from 'vitest'
import { createRollingCache, disposeRollingCache, restartSequences } from '../cache/rolling-cache.js'
import type { KernelUnderTest } from '../testing/conformance.js'
import { cachedAttention } from './cached-attention.js'
import { cachedAttentionModule } from './kernels/wasm/cached-attention-module.js'

const [heads, kvHeads, headDim, window] = [4, 2, 8, 5]
const create = (options = {}) => createRollingCache({ batchSize: 1, kvHeads, headDim, window, ...options })

function normal(seed: number, length: number, heads: number, batch = 1): tf.Tensor4D {
  const random = createRandom(seed)
  return tf.tensor4d(
    Float32Array.from({ length: batch * length * heads * headDim }, () => random.normal()),
    [batch, length, heads, headDim],
  )
}

const tokens = (seed: number, length: number, batch = 1) =>
  [
    normal(seed, length, heads, batch),
    normal(seed + 1, length, kvHeads, batch),
    normal(seed + 2, length, kvHeads, batch),
  ] as const

const noGpu = await webgpuUnavailable()

describe.each<KernelUnderTest & { inPlace: boolean }>([
  { backend: 'cpu', use: 'cpu', inPlace: false },
  { backend: 'cpu', use: 'composite', inPlace: false },
  { backend: 'wasm', use: 'composite', inPlace: false },
  { backend: 'wasm', use: 'wasm', inPlace: true },
  { backend: 'webgpu', use: 'webgpu', inPlace: true },
])("a cache, kernel '$use' on $backend", ({ backend, use, inPlace }) => {
  const kernels = { use } as const
  const reason = backend === 'webgpu' ? noGpu : null

  describe.skipIf(reason !== null)(reason ? `skipped: ${reason}` : 'in use', () => {
    beforeAll(async () => {
      await useEngine({ backend })
    })

    it('is consumed by a call', async () => {
      await expectNoLeak(() => {
        tf.tidy(() => {
          const cache = create()
          const { keys } = cache.memory
          const { cache: next } = cachedAttention(...tokens(1, 3), cache, { kernels })
          expect(next.positions).toEqual([3])
          expect(next.memory).toBe(cache.memory)
          expect(next.memory.keys === keys).toBe(inPlace)
          expect(() => cachedAttention(...tokens(1, 3), cache, { kernels })).toThrow(
            'cachedAttention: the cache must be the newest of its stream, but an earlier call has consumed it (state 0, ' +
              'newest 1). Go on with the cache which that call returned.',
          )
          disposeRollingCache(cache) // nothing left in it
          expect(next.memory.keys.isDisposed).toBe(false)
          disposeRollingCache(next)
          expect(() => cachedAttention(...tokens(1, 3), next, { kernels })).toThrow(
            expect.objectContaining({ code: 'cache', message: expect.stringContaining('was disposed of') }),
          )
        })
      })
    })

    it('stays usable when the call throws', () => {
      tf.tidy(() => {
        const cache = create()
        const [queries, keys, values] = tokens(1, 2)
        expect(() => cachedAttention(queries, queries, values, cache, { kernels })).toThrow(
          'cachedAttention: keys must have shape [1, 2, 2, 8], but has [1, 2, 4, 8].',
        )
        const next = cachedAttention(queries, keys, values, cache, { kernels }).cache
        expect(next.positions).toEqual([2])
        disposeRollingCache(next)
      })
    })

    it('outlives tf.tidy and keeps its size', async () => {
      await expectNoLeak(() => {
        let cache = create()
        const { numTensors, numBytes } = tf.memory()
        for (const length of [1, 1, 20, 3, 1, 1, 1, 1, 1, 70]) {
          tf.tidy(() => {
            cache = cachedAttention(...tokens(length, length), cache, { kernels }).cache
          })
          expect(tf.memory()).toMatchObject({ numTensors, numBytes })
        }
        expect(cache.positions).toEqual([100])
        disposeRollingCache(cache)
      })
    })

    it('lets nothing through that left the window, not even NaN, nor from before a restart', async () => {
      const poison = (length: number) => tokens(1, length).map((x) => tf.mul(x, NaN) as tf.Tensor4D)
      let cache = create()
      const step = async (...[queries, keys, values]: tf.Tensor4D[]) => {
        const result = cachedAttention(queries, keys, values, cache, { kernels, slopes: [1, -1, 0.5, 0] })
        cache = result.cache
        return (await result.output.data()).some(Number.isNaN)
      }
      expect(await step(...poison(9))).toBe(true)
      cache = restartSequences(cache, [0])
      expect(await step(...tokens(1, 1))).toBe(false)
      await step(...poison(1))
      const seen = [await step(...tokens(1, 1))]
      for (let i = 2; i < 7; i++) seen.push(await step(...tokens(i, 1)))
      expect(seen).toEqual([true, true, true, true, false, false])
      await step(...poison(1))
      await step(...tokens(1, 4))
      expect(await step(...tokens(1, 30))).toBe(false)
      disposeRollingCache(cache)
    })

    it.each(['sigmoid', 'softmax'] as const)('shows NaN in a key as long as it is seen, %s', async (activation) => {
      let cache = create()
      const heard: boolean[][] = []
      for (let i = 0; i < 8; i++) {
        const [queries, keys, values] = tokens(3 * i + 1, 1)
        const data = keys.arraySync()
        if (i === 1) data[0][0][0][3] = NaN
        const step = cachedAttention(queries, tf.tensor4d(data), values, cache, { kernels, activation })
        cache = step.cache
        const output = [...(await step.output.data())]
        heard.push(output.map(Number.isNaN))
      }
      disposeRollingCache(cache)
      // the first two heads read the key head with the NaN; token 1 is in the window of tokens 1 to 5
      const half = (heads * headDim) / 2
      expect(heard).toEqual(heard.map((row, i) => row.map((_, d) => i >= 1 && i <= 5 && d < half)))
    })

    it('restarts one sequence and leaves the other', async () => {
      const both = tokens(5, 12, 2)
      const part = (batch: number, start: number, length: number) =>
        both.map((x) => tf.slice(x, [batch, start, 0, 0], [1, length, -1, -1])) as [
          tf.Tensor4D,
          tf.Tensor4D,
          tf.Tensor4D,
        ]
      let cache = create({ batchSize: 2 })
      const parts: Float32Array[] = []
      for (const [start, length] of [
        [0, 7],
        [7, 1],
        [8, 4],
      ]) {
        if (start === 7) cache = restartSequences(cache, [1])
        const chunk = both.map((x) => tf.slice(x, [0, start, 0, 0], [-1, length, -1, -1]) as tf.Tensor4D)
        const step = cachedAttention(chunk[0], chunk[1], chunk[2], cache, { kernels })
        cache = step.cache
        parts.push((await step.output.data()) as Float32Array)
      }
      expect(cache.positions).toEqual([12, 5])
      disposeRollingCache(cache)

      const alone = async (batch: number, start: number) => {
        const result = cachedAttention(...part(batch, start, 12 - start), create(), { kernels })
        disposeRollingCache(result.cache)
        return [...(await result.output.data())]
      }
      const row = heads * headDim
      const last = [...parts[2]]
      expect(closest(last.slice(0, 4 * row), (await alone(0, 0)).slice(8 * row))).toBeLessThan(1e-6)
      expect(closest(last.slice(4 * row), (await alone(1, 7)).slice(row))).toBeLessThan(1e-6)
    })
  })
})

function closest(actual: number[], expected: number[]): number {
  expect(actual.length).toBe(expected.length)
  return actual.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i])), 0)
}

describe.each(['cpu', 'wasm'] as const)('cachedAttention on %s', (backend) => {
  beforeAll(async () => {
    await useEngine({ backend })
  })

  it('takes integers', () => {
    const run = (dtype: 'int32' | 'float32') => {
      const x = tf.tensor4d([1, 2, -1, 0], [1, 2, 1, 2], dtype)
      const { output, cache } = cachedAttention(
        x,
        x,
        x,
        createRollingCache({ batchSize: 1, kvHeads: 1, headDim: 2, window }),
      )
      disposeRollingCache(cache)
      return [...output.dataSync()]
    }
    expect(run('int32')).toEqual(run('float32'))
  })

  it('has no gradient and says so', () => {
    const cache = create()
    const [queries, keys, values] = tokens(1, 2)
    expect(() =>
      tf.grad((x) => tf.sum(cachedAttention(x as tf.Tensor4D, keys, values, cache).output))(queries),
    ).toThrow(expect.objectContaining({ code: 'no-gradient' }))
    const { output, cache: next } = cachedAttention(queries, keys, values, cache) // it was not consumed
    expect(next.positions).toEqual([2])
    output.dispose()
    disposeRollingCache(next)
    expect(cache.memory.keys.isDisposed).toBe(true)
  })

  it('frees everything when a gradient was refused', async () => {
    const [queries, keys, values] = tokens(1, 2)
    for (const window of [5, null]) {
      await expectNoLeak(() => {
        const cache = create({ window })
        const loss = (x: tf.Tensor) => tf.sum(cachedAttention(x as tf.Tensor4D, keys, values, cache).output)
        expect(() => tf.grad(loss)(queries)).toThrow(expect.objectContaining({ code: 'no-gradient' }))
        disposeRollingCache(cache)
      })
    }
  })

  it('runs the kernel of the engine', () => {
    const choices: KernelChoice[] = []
    const kernels = { onChoice: (choice: KernelChoice) => void choices.push(choice) }
    disposeRollingCache(cachedAttention(...tokens(1, 2), create(), { kernels }).cache)
    expect(choices).toEqual([{ op: 'cachedAttention', kernel: backend, refused: [] }])
  })

  it.each<[string, object, string]>([
    ['another number of slopes', { slopes: [1] }, 'slopes must hold one finite number for each of the 4 heads'],
    ['sink logits of a sigmoid', { sinkLogits: tf.zeros([heads]) }, "sinkLogits needs activation 'softmax'"],
    ['lengths of other sequences', { lengths: [1, 1] }, 'lengths must hold one integer from 0 to 2'],
    ['lengths beyond the tokens', { lengths: [3] }, 'for each of the 1 sequences, but is [3].'],
  ])('refuses %s', (_name, options, message) => {
    const cache = create()
    expect(() => cachedAttention(...tokens(1, 2), cache, options)).toThrow(message)
    disposeRollingCache(cache)
  })

  it('refuses positions beyond 2^53, where the next one is the same', () => {
    const cache = create({ position: 2 ** 53 - 3 })
    const next = cachedAttention(...tokens(1, 2), cache).cache
    expect(() => cachedAttention(...tokens(1, 2), next)).toThrow('Positions beyond 2^53 are not exact')
    disposeRollingCache(next)
  })

  it('refuses heads that the key heads do not divide', () => {
    const cache = create()
    const [, keys, values] = tokens(1, 2)
    expect(() => cachedAttention(normal(1, 2, 3), keys, values, cache)).toThrow(
      'cachedAttention: heads (3) must be a multiple of kvHeads (2). Choose kvHeads from 1, 3.',
    )
    disposeRollingCache(cache)
  })
})

describe.skipIf(noGpu !== null)(noGpu ? `skipped: ${noGpu}` : 'cachedAttention on webgpu', () => {
  beforeAll(async () => {
    await useEngine({ backend: 'webgpu' })
  })

  it('takes integers', async () => {
    const run = (dtype: 'int32' | 'float32') => {
      const x = tf.tensor4d([1, 2, -1, 0], [1, 2, 1, 2], dtype)
      const { output, cache } = cachedAttention(
        x,
        x,
        x,
        createRollingCache({ batchSize: 1, kvHeads: 1, headDim: 2, window }),
      )
      disposeRollingCache(cache)
      return output.data()
    }
    expect(await run('int32')).toEqual(await run('float32'))
  })

  it('leaves heads that fill the workgroup memory to the composite', async () => {
    const headDim = gpuInfo().limits.maxComputeWorkgroupStorageSize / 4
    const one = tf.ones([1, 1, 1, headDim]) as tf.Tensor4D
    const run = (kernels: KernelPolicy) =>
      cachedAttention(one, one, one, createRollingCache({ batchSize: 1, kvHeads: 1, headDim, window }), { kernels })
    const choices: KernelChoice[] = []
    const { output, cache } = run({ onChoice: (choice) => void choices.push(choice) })
    const reason = `it needs ${4 * headDim + 768} bytes of workgroup memory, the device has ${4 * headDim}`
    expect(choices).toMatchObject([{ kernel: 'composite', refused: [{ kernel: 'webgpu', reason }] }])
    expect((await output.data())[0]).toBeCloseTo(1, 6)
    disposeRollingCache(cache)
    expect(() => run({ use: 'webgpu' })).toThrow(reason)
  })

  it('takes a head that just fits', async () => {
    const headDim = (gpuInfo().limits.maxComputeWorkgroupStorageSize - 768) / 4
    const one = tf.ones([1, 1, 1, headDim]) as tf.Tensor4D
    const empty = createRollingCache({ batchSize: 1, kvHeads: 1, headDim, window })
    const { output, cache } = cachedAttention(one, one, one, empty, { kernels: { use: 'webgpu' } })
    expect((await output.data())[0]).toBeCloseTo(1, 6)
    disposeRollingCache(cache)
  })
})

it('needs working memory on wasm that does not depend on the window', async () => {
  await useEngine({ backend: 'wasm' })
  expect(cachedAttentionModule.exports().scratchBytes(64)).toBeLessThan(2048)
})
