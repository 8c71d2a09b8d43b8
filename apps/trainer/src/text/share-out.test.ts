import fc from 'fast-check'
import { expect, it } from 'vitest'
import { shareOut } from './share-out.js'

it('goes by the weights, and by what there is', () => {
  expect(shareOut(100, [1000, 1000], [3, 1])).toEqual([75, 25])
  expect(shareOut(100, [10, 1000, 1000], [3, 1, 1])).toEqual([10, 45, 45])
  expect(shareOut(5, [5], [0.1])).toEqual([5])
  expect(shareOut(0, [5, 5], [1, 1])).toEqual([0, 0])
})

it('gives all that is wanted, and no more of one than it has', () => {
  const sets = fc.array(fc.tuple(fc.nat({ max: 1000 }), fc.double({ min: 0.01, max: 100, noNaN: true })), {
    minLength: 1,
    maxLength: 6,
  })
  fc.assert(
    fc.property(sets, fc.double({ min: 0, max: 1, noNaN: true }), (given, share) => {
      const [counts, weights] = [given.map(([count]) => count), given.map(([, weight]) => weight)]
      const total = counts.reduce((sum, count) => sum + count, 0)
      const wanted = Math.floor(share * total)
      const found = shareOut(wanted, counts, weights)
      expect(found.reduce((sum, count) => sum + count, 0)).toBe(wanted)
      for (const [index, count] of found.entries()) {
        expect(count).toBeGreaterThanOrEqual(0)
        expect(count).toBeLessThanOrEqual(counts[index])
      }
    }),
    { numRuns: 1000 },
  )
})
