import { beforeAll, expect, it } from 'vitest'
import { useEngine } from '../engines/use-engine.js'
import { expectNoLeak } from '../testing/expect-no-leak.js'
import { describeOn, everyEngine } from '../testing/kernel-pairs.js'
import { tf } from '../tf.js'
import { initialLossScale, nextLossScale } from './loss-scale.js'

for (const on of everyEngine)
  describeOn('the loss scale', on, ({ backend }) => {
    beforeAll(async () => {
      await useEngine({ backend })
    })

    const follow = async (initial: number, outcomes: number[], growthInterval = 3) => {
      const scales: number[] = []
      let lossScale = initialLossScale({ initial })
      for (const gradientScale of outcomes) {
        const scale = tf.scalar(gradientScale)
        lossScale = nextLossScale(lossScale, scale, { growthInterval })
        scale.dispose()
        scales.push((await lossScale.scale.data())[0])
      }
      tf.dispose([lossScale.scale, lossScale.stableSteps])
      return scales
    }

    it('doubles after so many good updates and is halved by each that overflowed', async () => {
      await expectNoLeak(async () => {
        expect(await follow(8, [1, 1, 1, 0.5, 0, 1, 1, 1, 0, 0])).toEqual([8, 8, 16, 16, 8, 8, 8, 16, 8, 4])
      })
    })

    it('stays between 1 and 2^24', async () => {
      expect(await follow(2, [0, 0, 0])).toEqual([1, 1, 1])
      expect(await follow(2 ** 23, [1, 1, 1, 1, 1, 1])).toEqual([23, 23, 24, 24, 24, 24].map((power) => 2 ** power))
    })
  })
