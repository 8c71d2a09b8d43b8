import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  nextTokenBatches,
  type BatchCursor,
  type BatchOptions,
  type BatchSource,
  type TokenBatch,
} from './next-token-batches.js'
import type { StreamedTokens } from './stream-source.js'

/** A stream in which every token is its own position, from `first`. */
const counting = (count: number, first = 0): { tokens: Uint32Array } => ({
  tokens: Uint32Array.from({ length: count }, (_, position) => first + position),
})
/** Documents of these lengths, in a row of tokens that are their own positions, from `first`. */
const documentsOf = (lengths: readonly number[], first = 0): StreamedTokens => {
  let start = 0
  const documentStarts = Uint32Array.from(lengths, (length) => (start += length) - length)
  return { ...counting(start, first), documentStarts }
}
const take = (source: BatchSource, count: number): TokenBatch[] => Array.from({ length: count }, () => source.next())

/** One sequence of a batch. */
interface Row {
  inputs: number[]
  labels: number[]
  segmentIds?: number[]
}
const rowsOf = ({ inputs, labels, segmentIds, batchSize, length }: TokenBatch): Row[] =>
  Array.from({ length: batchSize }, (_, row) => {
    const part = (ids: Int32Array): number[] => [...ids.subarray(row * length, (row + 1) * length)]
    return { inputs: part(inputs), labels: part(labels), ...(segmentIds && { segmentIds: part(segmentIds) }) }
  })
const epochOf = (source: BatchSource, epoch: number): Row[] => {
  source.seek([{ epoch, sequence: 0 }])
  return take(source, source.sequencesPerEpoch[0]!).flatMap(rowsOf)
}
/** What rows teach: each token with the one that follows it, in ascending order. */
const taught = (rows: readonly Row[]): [input: number, label: number][] =>
  rows
    .flatMap(({ inputs, labels }) => inputs.map((input, index): [number, number] => [input, labels[index]!]))
    .filter(([, label]) => label !== -100)
    .sort(([one], [other]) => one - other)
const firstInputs = (rows: readonly Row[]): number[] => rows.map(({ inputs }) => inputs[0]!)
const ascending = (one: number, other: number): number => one - other
const range = (start: number, end: number): number[] => Array.from({ length: end - start }, (_, index) => start + index)

test('in its own order: labels are the tokens that follow, the last sequence is padded, epochs follow without a gap', () => {
  const source = nextTokenBatches(counting(8), { batchSize: 2, length: 3, seed: 0, shuffle: false })
  expect([source.sequencesPerEpoch, source.tokensPerBatch]).toEqual([[3], 6])
  const batch = { batchSize: 2, length: 3 }
  const [first, second, third] = take(source, 3)
  expect(first).toEqual({
    ...batch,
    inputs: Int32Array.of(0, 1, 2, 3, 4, 5),
    labels: Int32Array.of(1, 2, 3, 4, 5, 6),
  })
  expect(second).toEqual({
    ...batch,
    inputs: Int32Array.of(6, 7, 0, 0, 1, 2),
    labels: Int32Array.of(7, -100, -100, 1, 2, 3),
  })
  expect(third?.inputs).toEqual(Int32Array.of(3, 4, 5, 6, 7, 0))
  expect(source.cursor()).toEqual([{ epoch: 2, sequence: 0 }])
})

test('a last token that would be alone is a label and no input', () => {
  const source = nextTokenBatches(counting(7), { batchSize: 2, length: 3, seed: 0, shuffle: false })
  expect(source.sequencesPerEpoch).toEqual([2])
  expect(source.next().labels).toEqual(Int32Array.of(1, 2, 3, 4, 5, 6))
})

test('16-bit ids come out as they are', () => {
  const options = { batchSize: 1, length: 2, seed: 0, shuffle: false }
  const source = nextTokenBatches({ tokens: Uint16Array.of(65_535, 0, 40_000) }, options)
  expect(source.next()).toMatchObject({ inputs: Int32Array.of(65_535, 0), labels: Int32Array.of(0, 40_000) })
})

test('aligned: documents side by side, each a segment of its own; long ones are cut, the rest is padding', () => {
  const source = nextTokenBatches(documentsOf([3, 9, 2, 1, 4]), {
    batchSize: 1,
    length: 5,
    seed: 0,
    shuffle: false,
    documents: 'aligned',
  })
  const rows = epochOf(source, 0)
  expect(rows).toEqual([
    { inputs: [3, 4, 5, 6, 7], labels: [4, 5, 6, 7, 8], segmentIds: [1, 1, 1, 1, 1] },
    { inputs: [8, 9, 10, 11, 0], labels: [9, 10, 11, -100, -100], segmentIds: [1, 1, 1, 1, 0] },
    { inputs: [15, 16, 17, 18, 0], labels: [16, 17, 18, -100, -100], segmentIds: [1, 1, 1, 1, 0] },
    { inputs: [0, 1, 2, 12, 13], labels: [1, 2, -100, 13, -100], segmentIds: [1, 1, 1, 2, 2] },
  ])
})

const sizes = fc.record({
  count: fc.integer({ min: 2, max: 300 }),
  length: fc.integer({ min: 1, max: 40 }),
  batchSize: fc.integer({ min: 1, max: 12 }),
  seed: fc.nat(),
  epoch: fc.nat({ max: 50 }),
})
const fits = ({ count, length }: { count: number; length: number }): boolean => count > length

describe('every epoch of any size', () => {
  test('packed: every token but the first is a label exactly once, every token an input exactly once', () => {
    fc.assert(
      fc.property(sizes, fc.boolean(), ({ epoch, count, ...size }, shuffle) => {
        fc.pre(fits({ count, ...size }))
        const rows = epochOf(nextTokenBatches(counting(count), { ...size, batchSize: 1, shuffle }), epoch)
        expect(taught(rows)).toEqual(range(1, count).map((label) => [label - 1, label]))
        const padding = rows.length * size.length - count
        const inputs = rows.flatMap((row) => row.inputs).sort(ascending)
        if (padding >= 0) expect(inputs).toEqual([...Array<number>(padding).fill(0), ...range(0, count)])
        else expect(inputs).toEqual(range(0, count - 1)) // only the last token is no input
        expect(padding).toBeGreaterThanOrEqual(-1)
        expect(padding).toBeLessThan(size.length)
      }),
    )
  })

  test('packed: within a row inputs follow one another, but for the place where the end meets the start', () => {
    fc.assert(
      fc.property(sizes, ({ epoch, count, ...size }) => {
        fc.pre(fits({ count, ...size }))
        for (const { inputs, labels } of epochOf(nextTokenBatches(counting(count), { ...size, batchSize: 1 }), epoch)) {
          for (let index = 1; index < inputs.length; index++) {
            const isSeam = inputs[index - 1] === count - 1
            if (labels[index] === -100 && inputs[index] === 0) break // padding
            expect(inputs[index]).toBe(isSeam ? 0 : labels[index - 1])
            expect(labels[index - 1] === -100).toBe(isSeam)
          }
        }
      }),
    )
  })

  const documentLengths = fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 1, maxLength: 40 })

  test('aligned: every token but the first of its document is a label exactly once, and no segment leaves its document', () => {
    fc.assert(
      fc.property(documentLengths, sizes, (lengths, { epoch, ...size }) => {
        fc.pre(lengths.some((length) => length > 1))
        const { documentStarts, ...stream } = documentsOf(lengths)
        const starts = [...documentStarts!]
        const options: BatchOptions = { ...size, batchSize: 1, documents: 'aligned' }
        const rows = epochOf(nextTokenBatches({ ...stream, documentStarts: documentStarts! }, options), epoch)
        const pairs = starts.flatMap((start, index) =>
          range(start + 1, start + lengths[index]!).map((label) => [label - 1, label]),
        )
        expect(taught(rows)).toEqual(pairs)
        const documentOf = (token: number): number => starts.findLastIndex((start) => start <= token)
        for (const { inputs, segmentIds } of rows) {
          for (const segment of new Set(segmentIds!.filter((id) => id > 0))) {
            const members = inputs.filter((_, index) => segmentIds![index] === segment)
            expect(members).toEqual(range(members[0]!, members[0]! + members.length))
            expect(documentOf(members[0]!)).toBe(documentOf(members.at(-1)!))
          }
        }
      }),
    )
  })

  test('aligned: no two sequences would fit into one', () => {
    fc.assert(
      fc.property(documentLengths, sizes, (lengths, size) => {
        fc.pre(lengths.some((length) => length > 1))
        const options: BatchOptions = { ...size, batchSize: 1, documents: 'aligned' }
        const rows = epochOf(nextTokenBatches(documentsOf(lengths), options), size.epoch)
        const filled = rows.map(({ segmentIds }) => segmentIds!.filter((id) => id > 0).length).sort(ascending)
        if (filled.length > 1) expect(filled[0]! + filled[1]!).toBeGreaterThan(size.length)
      }),
    )
  })
})

describe('any number of processes, sources and resume points', () => {
  const split = fc.record({
    lengths: fc.array(fc.integer({ min: 2, max: 50 }), { minLength: 3, maxLength: 12 }),
    others: fc.array(fc.integer({ min: 2, max: 50 }), { minLength: 3, maxLength: 12 }),
    weights: fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 })),
    length: fc.integer({ min: 1, max: 5 }),
    seed: fc.nat(),
    documents: fc.constantFrom('packed' as const, 'aligned' as const),
    mixes: fc.boolean(),
    // after so many steps each: stop, and go on as so many processes with batches of this size
    stages: fc.array(
      fc.record({
        steps: fc.integer({ min: 1, max: 20 }),
        batchSize: fc.integer({ min: 1, max: 7 }),
        worldSize: fc.integer({ min: 1, max: 5 }),
      }),
      { minLength: 1, maxLength: 6 },
    ),
  })

  test('every token is taught exactly once an epoch of its source', () => {
    fc.assert(
      fc.property(split, ({ lengths, others, weights, stages, mixes, ...options }) => {
        const first = documentsOf(lengths)
        const second = documentsOf(others, 100_000)
        const [weight, otherWeight] = weights
        const tokens = mixes
          ? [
              { source: first, weight },
              { source: second, weight: otherWeight },
            ]
          : first
        let cursor: BatchCursor | null = null
        let perEpoch: readonly number[] = []
        const rows: Row[] = []
        for (const { steps, batchSize, worldSize } of stages) {
          const processes = range(0, worldSize).map((rank) =>
            nextTokenBatches(tokens, { ...options, batchSize, rank, worldSize }),
          )
          if (cursor !== null) for (const process of processes) process.seek(JSON.parse(JSON.stringify(cursor)))
          for (let step = 0; step < steps; step++) rows.push(...processes.flatMap((process) => rowsOf(process.next())))
          for (const process of processes) expect(process.cursor()).toEqual(processes[0]!.cursor())
          cursor = processes[0]!.cursor()
          perEpoch = processes[0]!.sequencesPerEpoch
        }
        for (const [index, source] of (mixes ? [first, second] : [first]).entries()) {
          const tokenBase = index * 100_000
          const own = rows.filter(({ labels }) => {
            const label = labels.find((value) => value !== -100)!
            return label >= 100_000 === index > 0
          })
          const count = perEpoch[index]!
          expect(own).toHaveLength(cursor![index]!.epoch * count + cursor![index]!.sequence)
          const starts = options.documents === 'packed' ? [0] : [...source.documentStarts!]
          const pairs = starts.flatMap((start, document) =>
            range(start + 1, starts[document + 1] ?? source.tokens.length).map((label) => [
              tokenBase + label - 1,
              tokenBase + label,
            ]),
          )
          for (let epoch = 0; (epoch + 1) * count <= own.length; epoch++) {
            expect(taught(own.slice(epoch * count, (epoch + 1) * count))).toEqual(pairs)
          }
        }
      }),
      { numRuns: 300 },
    )
  })

  test('going to a place gives what never stopping gives', () => {
    fc.assert(
      fc.property(sizes, fc.nat({ max: 30 }), fc.boolean(), ({ count, ...size }, steps, shuffle) => {
        fc.pre(fits({ count, ...size }))
        const options: BatchOptions = { ...size, shuffle }
        const never = nextTokenBatches(counting(count), options)
        take(never, steps)
        const cursor = JSON.parse(JSON.stringify(never.cursor()))
        const resumed = nextTokenBatches(counting(count), options)
        resumed.seek(cursor)
        expect(resumed.cursor()).toEqual(cursor)
        expect(take(resumed, 5)).toEqual(take(never, 5))
        expect(resumed.cursor()).toEqual(never.cursor())
      }),
    )
  })

  test('a mixture keeps its shares at every moment', () => {
    const sources = [3, 1, 0.5].map((weight, index) => ({ source: counting(101, index * 1000), weight }))
    const source = nextTokenBatches(sources, { batchSize: 1, length: 10, seed: 4 })
    const taken = [0, 0, 0]
    for (let total = 1; total <= 500; total++) {
      taken[Math.floor(rowsOf(source.next())[0]!.labels.find((label) => label !== -100)! / 1000)]!++
      for (const [index, share] of [3 / 4.5, 1 / 4.5, 0.5 / 4.5].entries()) {
        expect(Math.abs(taken[index]! - share * total)).toBeLessThan(1)
      }
    }
    expect(source.cursor().map(({ epoch }) => epoch)).toEqual([30, 10, 5])
  })

  test('sources of one mixture are shuffled each in its own way', () => {
    const sources = [0, 0].map(() => ({ source: counting(1001), weight: 1 }))
    const rows = take(nextTokenBatches(sources, { batchSize: 2, length: 10, seed: 4 }), 50).flatMap(rowsOf)
    const order = (remainder: number): string => firstInputs(rows.filter((_, index) => index % 2 === remainder)).join()
    expect(order(0)).not.toBe(order(1))
  })
})

describe('the order', () => {
  const orders = (seed: number): string[] => {
    const source = nextTokenBatches(counting(1001), { batchSize: 1, length: 10, seed })
    return [0, 1, 2].map((epoch) => firstInputs(epochOf(source, epoch)).join())
  }

  test('depends on the seed and the epoch, and on nothing else', () => {
    expect(orders(5)).toEqual(orders(5))
    expect(new Set([...orders(5), ...orders(6), ...orders(2 ** 40)]).size).toBe(9)
  })

  test('borders move between epochs', () => {
    const source = nextTokenBatches(counting(1004), { batchSize: 1, length: 10, seed: 1 })
    const offsets = range(0, 200).map((epoch) => {
      const padded = epochOf(source, epoch).find(({ labels }) => labels.at(-1) === -100 && labels.at(-2) === -100)!
      const last = padded.labels.findLast((label) => label !== -100)!
      return last === 1003 ? 0 : last // the epoch ends where it began
    })
    expect([...new Set(offsets)].sort(ascending)).toEqual(range(0, 10))
  })

  test('going back gives what was there', () => {
    const source = nextTokenBatches(counting(1001), { batchSize: 1, length: 10, seed: 5 })
    const forwards = [0, 1, 2].map((epoch) => epochOf(source, epoch))
    expect([2, 1, 0].map((epoch) => epochOf(source, epoch)).reverse()).toEqual(forwards)
  })

  test('in shuffled order places are spread evenly', () => {
    const source = nextTokenBatches(counting(100), { batchSize: 1, length: 10, seed: 3 })
    const counts = new Array<number>(10).fill(0)
    for (let epoch = 0; epoch < 2000; epoch++) {
      source.seek([{ epoch, sequence: 0 }])
      const [{ inputs }] = rowsOf(source.next()) as [Row]
      counts[Math.floor(inputs[0]! / 10)]!++
    }
    for (const count of counts) expect(Math.abs(count - 200)).toBeLessThan(70)
  })

  test('one batch that a caller keeps is not written over by the next', () => {
    const source = nextTokenBatches(counting(101), { batchSize: 2, length: 10, seed: 0 })
    const first = source.next()
    const copy = [...first.inputs]
    source.next()
    expect([...first.inputs]).toEqual(copy)
  })
})

describe('reading that fails', () => {
  const flaky = (failing: number) => {
    const { tokens } = counting(200)
    let reads = 0
    return new (class {
      #starts = [0, 50, 120, 200]
      tokenCount = 200
      documentCount = 3
      byteLength = 200
      read(start: number, target: Int32Array): void {
        if (++reads === failing) throw new Error('the disk is gone')
        target.set(tokens.subarray(start, start + target.length))
      }
      documentStart(index: number): number {
        return this.#starts[index]!
      }
    })()
  }

  test.each(['packed', 'aligned'] as const)(
    'leaves the place where it was: the same batch comes next, %s',
    (documents) => {
      const options: BatchOptions = { batchSize: 4, length: 8, seed: 2, documents }
      for (const failing of [1, 3, 4, 7]) {
        const source = nextTokenBatches(flaky(failing), options)
        const batches: TokenBatch[] = []
        let failures = 0
        while (batches.length < 10) {
          const place = source.cursor()
          try {
            batches.push(source.next())
          } catch {
            failures++
            expect(source.cursor()).toEqual(place)
          }
        }
        expect(failures).toBe(1)
        expect(batches).toEqual(take(nextTokenBatches(flaky(0), options), 10))
      }
    },
  )
})

describe('refuses', () => {
  test('another way to cut than the two there are', () => {
    const documents = 'Aligned' as 'aligned'
    const refused = expect(() => nextTokenBatches(counting(100), { batchSize: 1, length: 4, seed: 0, documents }))
    refused.toThrow("nextTokenBatches: documents must be 'packed' or 'aligned', got \"Aligned\".")
  })

  test('text shorter than one sequence: what there is, what is needed, what to do', () => {
    expect(() => nextTokenBatches(counting(64), { batchSize: 1, length: 64, seed: 0 })).toThrow(
      expect.objectContaining({
        code: 'text-too-short',
        message:
          'nextTokenBatches: the text has 64 tokens, but one sequence of length 64 needs 65 (one more, for the last ' +
          'label). Lower length, or bring more text.',
      }),
    )
    expect(nextTokenBatches(counting(65), { batchSize: 1, length: 64, seed: 0 }).sequencesPerEpoch).toEqual([2])
    expect(() =>
      nextTokenBatches(documentsOf([1, 1, 0]), { batchSize: 1, length: 2, seed: 0, documents: 'aligned' }),
    ).toThrow(
      "with documents 'aligned' a document needs two tokens, one to read and one to predict, but none of 3 has as many",
    )
  })

  test.each([
    [{ batchSize: 0, length: 4, seed: 0 }, 'batchSize must be a whole number of at least 1, got 0.'],
    [{ batchSize: 1, length: 1.5, seed: 0 }, 'length must be a whole number of at least 1, got 1.5.'],
    [{ batchSize: 1, length: 4, seed: -1 }, 'seed must be a whole number of at least 0, got -1.'],
    [{ batchSize: 1, length: 4, seed: 0, worldSize: 0 }, 'worldSize must be a whole number of at least 1, got 0.'],
    [{ batchSize: 1, length: 4, seed: 0, worldSize: 2, rank: 2 }, 'rank must be a whole number from 0 to 1, got 2.'],
  ])('%j', (options, reason) => {
    expect(() => nextTokenBatches(counting(50), options)).toThrow(
      expect.objectContaining({ code: 'invalid-argument', message: `nextTokenBatches: ${reason}` }),
    )
  })

  test('an empty mixture and a weight of 0', () => {
    const options = { batchSize: 1, length: 4, seed: 0 }
    expect(() => nextTokenBatches([], options)).toThrow('the list of sources is empty')
    expect(() => nextTokenBatches([{ source: counting(50), weight: 0 }], options)).toThrow(
      'the weight of source 0 must be a number above 0, got 0. Leave out a source that should not be read.',
    )
  })

  test.each([
    [[{ epoch: -1, sequence: 0 }], 'cursor[0].epoch must be'],
    [[{ epoch: 0, sequence: 4 }], 'cursor[0].sequence must be a whole number from 0 to 3, got 4.'],
    [[{ epoch: 0, sequence: NaN }], 'cursor[0].sequence'],
    [[], 'a place for each of 1 source(s), got 0'],
    [{ epoch: 0, batch: 1 } as unknown as BatchCursor, 'got {"epoch":0,"batch":1}. Was it saved with other data?'],
  ])('the place %j, and stays where it was', (cursor, reason) => {
    const source = nextTokenBatches(counting(31), { batchSize: 1, length: 10, seed: 0 })
    source.next()
    expect(() => source.seek(cursor)).toThrow(reason)
    expect(source.cursor()).toEqual([{ epoch: 0, sequence: 1 }])
  })
})
