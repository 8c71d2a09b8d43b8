import { expect, it } from 'vitest'
import { compareInterleaved } from './compare-interleaved.js'
import { median } from './median.js'

it('runs the cases in turn, warm-up untimed, and reports every round', async () => {
  const order: string[] = []
  const record = (name: string) => ({ name, run: () => void order.push(name) })
  const results = await compareInterleaved([record('a'), record('b')], { rounds: 3, warmUp: 1 })
  expect(order.join('')).toBe('abababab')
  expect(results.map(({ name, roundsMs }) => [name, roundsMs.length])).toEqual([
    ['a', 3],
    ['b', 3],
  ])
  expect(results[0].ratioToFirst).toBe(1)
  expect(results[1].medianMs).toBe(median(results[1].roundsMs))
})

it('refuses what it cannot compare', async () => {
  const one = { name: 'a', run: () => {} }
  await expect(compareInterleaved([])).rejects.toThrow('got 0 cases named nothing')
  await expect(compareInterleaved([one, one])).rejects.toThrow('got 2 cases named a and 7 rounds')
  await expect(compareInterleaved([one], { rounds: 0 })).rejects.toMatchObject({ code: 'benchmark' })
})

it('takes the middle, or the mean of the two middle ones', () => {
  expect(median([3, 1, 2])).toBe(2)
  expect(median([4, 1, 2, 3])).toBe(2.5)
})
