import { beforeAll, describe, expect, it } from 'vitest'
import { useEngine } from '../engines/use-engine.js'
import { expectClose } from '../testing/expect-close.js'
import { expectNoLeak } from '../testing/expect-no-leak.js'
import { describeOn, kernelPairsOf } from '../testing/kernel-pairs.js'
import { tf } from '../tf.js'
import { globalNorm } from './global-norm.js'
import { kernels } from './kernels/index.js'

for (const on of kernelPairsOf(kernels))
  describeOn(`globalNorm: kernel '${on.use}'`, on, ({ backend, use }) => {
    beforeAll(async () => {
      await useEngine({ backend })
    })

    it('measures and clips as PyTorch does, and leaks nothing', async () => {
      const tensors = [tf.tensor1d([3, 0].map((value) => 16 * value)), tf.scalar(16 * 4)]
      await expectNoLeak(async () => {
        const { norm, scale } = globalNorm(tensors, { maxNorm: 2.5, lossScale: 16, kernels: { use } })
        expectClose(await norm.data(), [5])
        expectClose(await scale.data(), [2.5 / 5.000001 / 16])
        tf.dispose([norm, scale])
      })
    })

    it('neither clips nor divides by default', async () => {
      const { norm, scale } = globalNorm([tf.tensor1d([30, 40])], { kernels: { use } })
      expectClose(await norm.data(), [50])
      expect([...(await scale.data())]).toEqual([1])
    })
  })

describe('globalNorm', () => {
  beforeAll(async () => {
    await useEngine({ backend: 'cpu' })
  })

  it('refuses integers, and options that are not above 0', () => {
    expect(() => globalNorm([tf.tensor1d([1], 'int32')])).toThrow(
      'globalNorm: tensors must be float32, but one is int32.',
    )
    expect(() => globalNorm([], { lossScale: 0 })).toThrow('globalNorm: lossScale must be a number above 0, but is 0.')
    expect(() => globalNorm([], { maxNorm: NaN })).toThrow('globalNorm: maxNorm must be a number above 0, but is NaN.')
  })
})
