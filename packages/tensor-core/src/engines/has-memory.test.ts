import { beforeAll, expect, it } from 'vitest'
import { describeOn } from '../testing/kernel-pairs.js'
import { tf } from '../tf.js'
import { hasMemory } from './has-memory.js'
import { useEngine } from './use-engine.js'

for (const on of [{ backend: 'wasm' }, { backend: 'webgpu' }] as const)
  describeOn('hasMemory', on, ({ backend }) => {
    beforeAll(async () => {
      await useEngine({ backend })
    })

    it('tells what fits from what cannot, and the engine goes on', async () => {
      expect(await hasMemory(2 ** 20)).toBe(true)
      // a software GPU takes what the machine has, which a test had better not ask for
      if (backend === 'wasm') expect(await hasMemory(2 ** 32 + 1)).toBe(false)
      expect([...(await tf.square(tf.tensor1d([3])).data())]).toEqual([9])
    })
  })
