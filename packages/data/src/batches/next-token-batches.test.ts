import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nextTokenBatches, type BatchOptions, type BatchSource, type TokenBatch } from './next-token-batches.js'

/** A stream in which every token is its own position. */
const counting = (count: number): { tokens: Uint32Array } => ({
  tokens: Uint32Array.from({ length: count }, (_, position) => position),
})
const take = (source: BatchSource, count: number): TokenBatch[] => Array.from({ length: count }, () => source.next())
/** Where each sequence of an epoch begins in a counting stream. */
const startsOfEpoch = (source: BatchSource, epoch: number): number[] => {
  source.seek({ epoch, batch: 0 })
  return take(source, source.batchesPerEpoch).flatMap(({ inputs, batchSize, length }) =>
    Array.from({ length: batchSize }, (_, row) => inputs[row * length]!),
  )
}
const ascending = (one: number, other: number): number => one - other

test('in its own order: windows share one token, labels are the tokens that follow', () => {
  const { tokens } = counting(12)
  const source = nextTokenBatches({ tokens }, { batchSize: 2, length: 3, seed: 0, shuffle: false })
  expect([source.batchesPerEpoch, source.tokensPerBatch]).toEqual([1, 6])
  const [inputs, labels] = [Int32Array.of(0, 1, 2, 3, 4, 5), Int32Array.of(1, 2, 3, 4, 5, 6)]
  const batch = { inputs, labels, batchSize: 2, length: 3 }
  expect(source.next()).toEqual(batch)
  expect(source.cursor()).toEqual({ epoch: 1, batch: 0 })
  expect(source.next()).toEqual(batch)
})

test('16-bit ids come out as they are', () => {
  const source = nextTokenBatches({ tokens: Uint16Array.of(65_535, 0, 40_000) }, { batchSize: 1, length: 2, seed: 0 })
  expect(source.next()).toMatchObject({ inputs: Int32Array.of(65_535, 0), labels: Int32Array.of(0, 40_000) })
})

const sizes = fc.record({
  count: fc.integer({ min: 2, max: 300 }),
  length: fc.integer({ min: 1, max: 40 }),
  batchSize: fc.integer({ min: 1, max: 12 }),
  seed: fc.nat(),
  epoch: fc.nat({ max: 50 }),
})
const fits = ({ count, length, batchSize }: { count: number; length: number; batchSize: number }): boolean =>
  Math.floor((count - 1) / length) >= batchSize

describe('every epoch of any size', () => {
  test('no window comes twice, all lie on one grid, and fewer than batchSize windows are left out', () => {
    fc.assert(
      fc.property(sizes, (size) => {
        fc.pre(fits(size))
        const { count, length, batchSize, seed, epoch } = size
        const source = nextTokenBatches(counting(count), { batchSize, length, seed })
        const starts = startsOfEpoch(source, epoch).sort(ascending)
        expect(source.batchesPerEpoch).toBe(Math.floor(Math.floor((count - 1) / length) / batchSize))
        expect(starts).toHaveLength(source.batchesPerEpoch * batchSize)
        expect(new Set(starts).size).toBe(starts.length)
        expect(new Set(starts.map((start) => start % length)).size).toBe(1)
        const offset = starts[0]! % length
        const windows = Math.floor((count - 1 - offset) / length)
        expect(windows - starts.length).toBeLessThan(batchSize)
        expect(starts.at(-1)! + length).toBeLessThan(count)
      }),
    )
  })

  test('with one sequence a batch every window comes exactly once, and every token in them is a label once', () => {
    fc.assert(
      fc.property(sizes, (size) => {
        fc.pre(fits({ ...size, batchSize: 1 }))
        const { count, length, seed, epoch } = size
        const source = nextTokenBatches(counting(count), { batchSize: 1, length, seed })
        source.seek({ epoch, batch: 0 })
        const labels = take(source, source.batchesPerEpoch)
          .flatMap((batch) => [...batch.labels])
          .sort(ascending)
        const first = labels[0]!
        expect(labels).toEqual(Array.from({ length: labels.length }, (_, index) => first + index))
        expect(first).toBeLessThanOrEqual(length)
        expect(count - 1 - labels.at(-1)!).toBeLessThan(length)
      }),
    )
  })

  test('labels are the tokens after the inputs', () => {
    fc.assert(
      fc.property(sizes, (size) => {
        fc.pre(fits(size))
        const source = nextTokenBatches(counting(size.count), size)
        source.seek({ epoch: size.epoch, batch: 0 })
        const { inputs, labels } = source.next()
        expect([...labels]).toEqual([...inputs].map((token) => token + 1))
        for (let index = 0; index < inputs.length; index++) {
          if (index % size.length !== 0) expect(inputs[index]).toBe(labels[index - 1])
        }
      }),
    )
  })

  test('going to a place gives what never stopping gives', () => {
    fc.assert(
      fc.property(sizes, fc.nat({ max: 30 }), fc.boolean(), (size, steps, shuffle) => {
        fc.pre(fits(size))
        const options: BatchOptions = { ...size, shuffle }
        const never = nextTokenBatches(counting(size.count), options)
        take(never, steps)
        const cursor = JSON.parse(JSON.stringify(never.cursor()))
        const resumed = nextTokenBatches(counting(size.count), options)
        resumed.seek(cursor)
        expect(resumed.cursor()).toEqual(cursor)
        expect(take(resumed, 5)).toEqual(take(never, 5))
        expect(resumed.cursor()).toEqual(never.cursor())
      }),
    )
  })
})

describe('the order', () => {
  const orders = (seed: number): string[] => {
    const source = nextTokenBatches(counting(1001), { batchSize: 4, length: 10, seed })
    return [0, 1, 2].map((epoch) => startsOfEpoch(source, epoch).join())
  }

  test('depends on the seed and the epoch, and on nothing else', () => {
    expect(orders(5)).toEqual(orders(5))
    expect(new Set([...orders(5), ...orders(6), ...orders(2 ** 40)]).size).toBe(9)
  })

  test('borders move between epochs, and every token is a label in the long run', () => {
    const source = nextTokenBatches(counting(1004), { batchSize: 7, length: 10, seed: 1 })
    const epochs = Array.from({ length: 200 }, (_, epoch) => startsOfEpoch(source, epoch))
    expect(new Set(epochs.map((starts) => starts[0]! % 10)).size).toBe(10)
    const labels = new Set(epochs.flat().flatMap((start) => [...Array(10).keys()].map((index) => start + 1 + index)))
    expect(labels.size).toBe(1003)
  })

  test.each([
    [11, [0]],
    [12, [0, 1]],
    [14, [0, 1, 2, 3]],
  ])('%i tokens in sequences of 10: the offsets %j, none that costs the batch', (count, offsets) => {
    const source = nextTokenBatches(counting(count), { batchSize: 1, length: 10, seed: 8 })
    const found = Array.from({ length: 100 }, (_, epoch) => startsOfEpoch(source, epoch)[0]!)
    expect([...new Set(found)].sort(ascending)).toEqual(offsets)
  })

  test('going back gives what was there', () => {
    const source = nextTokenBatches(counting(1001), { batchSize: 4, length: 10, seed: 5 })
    const forwards = [0, 1, 2].map((epoch) => startsOfEpoch(source, epoch))
    expect([2, 1, 0].map((epoch) => startsOfEpoch(source, epoch)).reverse()).toEqual(forwards)
  })

  test('in shuffled order places are spread evenly', () => {
    const source = nextTokenBatches(counting(101), { batchSize: 1, length: 10, seed: 3 })
    const firsts = Array.from({ length: 2000 }, (_, epoch) => Math.floor(startsOfEpoch(source, epoch)[0]! / 10))
    for (let window = 0; window < 10; window++) {
      expect(Math.abs(firsts.filter((first) => first === window).length - 200)).toBeLessThan(70)
    }
  })

  test('one batch that a caller keeps is not written over by the next', () => {
    const source = nextTokenBatches(counting(101), { batchSize: 2, length: 10, seed: 0 })
    const first = source.next()
    const copy = [...first.inputs]
    source.next()
    expect([...first.inputs]).toEqual(copy)
  })
})

describe('refuses', () => {
  test('text shorter than one sequence: what there is, what is needed, what to do', () => {
    expect(() => nextTokenBatches(counting(64), { batchSize: 1, length: 64, seed: 0 })).toThrow(
      expect.objectContaining({
        code: 'text-too-short',
        message:
          'nextTokenBatches: the text has 64 tokens, but one sequence of length 64 needs 65 (one more, for the last ' +
          'label). Lower length, or bring more text.',
      }),
    )
    expect(nextTokenBatches(counting(65), { batchSize: 1, length: 64, seed: 0 }).batchesPerEpoch).toBe(1)
  })

  test('a batch larger than the text', () => {
    expect(() => nextTokenBatches(counting(80), { batchSize: 8, length: 10, seed: 0 })).toThrow(
      expect.objectContaining({
        code: 'text-too-short',
        message:
          'nextTokenBatches: the text has 80 tokens, but 8 sequences of length 10 need 81. ' +
          'Lower batchSize or length, or bring more text.',
      }),
    )
    expect(nextTokenBatches(counting(81), { batchSize: 8, length: 10, seed: 0 }).batchesPerEpoch).toBe(1)
  })

  test.each([
    [{ batchSize: 0, length: 4, seed: 0 }, 'batchSize must be a whole number of at least 1, got 0.'],
    [{ batchSize: 1, length: 1.5, seed: 0 }, 'length must be a whole number of at least 1, got 1.5.'],
    [{ batchSize: 1, length: 4, seed: -1 }, 'seed must be a whole number of at least 0, got -1.'],
  ])('%j', (options, reason) => {
    expect(() => nextTokenBatches(counting(50), options)).toThrow(
      expect.objectContaining({ code: 'invalid-argument', message: `nextTokenBatches: ${reason}` }),
    )
  })

  test.each([
    [{ epoch: -1, batch: 0 }, 'cursor.epoch must be'],
    [{ epoch: 0, batch: 3 }, 'cursor.batch must be a whole number from 0 to 2, got 3.'],
    [{ epoch: 0, batch: NaN }, 'cursor.batch'],
  ])('the place %j, and stays where it was', (cursor, reason) => {
    const source = nextTokenBatches(counting(31), { batchSize: 1, length: 10, seed: 0 })
    source.next()
    expect(() => source.seek(cursor)).toThrow(reason)
    expect(source.cursor()).toEqual({ epoch: 0, batch: 1 })
  })
})
