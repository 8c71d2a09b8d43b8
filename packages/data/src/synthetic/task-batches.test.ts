import fc from 'fast-check'
import { expect, test } from 'vitest'
import { syntheticTask } from './synthetic-task.js'
import { taskBatches } from './task-batches.js'

const task = syntheticTask('copy', { length: 6, seed: 2 })

test('rows are the examples in their order, and an epoch begins anew', () => {
  const batches = taskBatches(task, { batchSize: 2, examples: 3 })
  expect(batches).toMatchObject({ sequencesPerEpoch: [3], tokensPerBatch: 12 })
  const rows = (indices: number[]) => {
    const examples = indices.map((index) => task.example(index))
    return {
      inputs: Int32Array.from(examples.flatMap(({ inputs }) => [...inputs])),
      labels: Int32Array.from(examples.flatMap(({ labels }) => [...labels])),
      ...{ batchSize: 2, length: 6 },
    }
  }
  expect(batches.next()).toEqual(rows([0, 1]))
  expect(batches.cursor()).toEqual([{ epoch: 0, sequence: 2 }])
  expect(batches.next()).toEqual(rows([2, 0]))
  expect(batches.cursor()).toEqual([{ epoch: 1, sequence: 1 }])
})

test('going to a place gives what never stopping gives, in batches of any size', () => {
  const sizes = fc.integer({ min: 1, max: 5 })
  fc.assert(
    fc.property(sizes, fc.integer({ min: 1, max: 9 }), fc.nat({ max: 6 }), (batchSize, examples, steps) => {
      const straight = taskBatches(task, { batchSize, examples })
      for (let step = 0; step < steps; step++) straight.next()
      const resumed = taskBatches(task, { batchSize, examples })
      resumed.seek(straight.cursor())
      expect(resumed.next()).toEqual(straight.next())
      const done = (steps + 1) * batchSize
      expect(straight.cursor()).toEqual([{ epoch: Math.floor(done / examples), sequence: done % examples }])
    }),
    { numRuns: 100 },
  )
})

test('an example far away costs nothing', () => {
  const batches = taskBatches(task, { batchSize: 1 })
  batches.seek([{ epoch: 0, sequence: 2 ** 40 - 1 }])
  expect(batches.next().inputs).toEqual(task.example(2 ** 40 - 1).inputs)
  expect(batches.cursor()).toEqual([{ epoch: 1, sequence: 0 }])
})

test('what makes no sense is refused', () => {
  expect(() => taskBatches(task, { batchSize: 0 })).toThrow('batchSize must be a whole number of at least 1, got 0')
  expect(() => taskBatches(task, { batchSize: 1, examples: 0 })).toThrow(
    'examples must be a whole number of at least 1',
  )
  const batches = taskBatches(task, { batchSize: 1, examples: 3 })
  expect(() => batches.seek([])).toThrow('seek: the cursor of a task must have one place, got 0.')
  expect(() => batches.seek([{ epoch: 0, sequence: 3 }])).toThrow(
    'cursor[0].sequence must be a whole number from 0 to 2',
  )
})
