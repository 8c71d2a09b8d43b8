import { expect, it } from 'vitest'
import { nextTokenLabels } from './next-token-labels.js'

it('shifts each sequence left and ignores its last position', () => {
  const labels = nextTokenLabels(Int32Array.of(1, 2, 3, 4, 5, 6), 2, 3)
  expect([...labels]).toEqual([2, 3, -100, 5, 6, -100])
  expect([...nextTokenLabels(Int32Array.of(7), 1, 1)]).toEqual([-100])
})

it('refuses a number of ids that does not fit', () => {
  expect(() => nextTokenLabels(Int32Array.of(1, 2, 3), 2, 2)).toThrow(
    'nextTokenLabels: expected batchSize · length = 2 · 2 = 4 ids, but 3 came.',
  )
})
