import { expect, it } from 'vitest'
import { compareInterleaved } from './compare-interleaved.js'
import { median } from './median.js'
import { quartileDistance } from './quartile-distance.js'

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

it('lets slow work take part in fewer rounds, and tells when a round is over', async () => {
  const order: string[] = []
  const rounds: number[] = []
  const record = (name: string) => ({ name, run: () => void order.push(name) })
  const results = await compareInterleaved([record('a'), { ...record('slow'), rounds: 1 }], {
    rounds: 3,
    warmUp: 2,
    onRound: (round) => {
      rounds.push(round)
      order.push('|')
    },
  })
  expect(order.join(' ')).toBe('a | a slow | a slow | a | a |')
  expect(rounds).toEqual([1, 2, 3, 4, 5])
  expect(results.map(({ roundsMs }) => roundsMs.length)).toEqual([3, 1])
})

it('takes the time that a case measured itself', async () => {
  const times = [7, 9, 1, 2, 6]
  const own = { name: 'own', run: async () => times.shift() ?? NaN }
  const [result] = await compareInterleaved([own], { rounds: 3, warmUp: 2 })
  expect(result).toMatchObject({ medianMs: 2, roundsMs: [1, 2, 6] })
})

it('tells the distance of the quartiles', () => {
  expect(quartileDistance([5, 1, 2, 4, 3])).toBe(2)
  expect(quartileDistance([1, 2])).toBe(0.5)
  expect(quartileDistance([3])).toBe(0)
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
