import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { syntheticTask, taskNames, type SyntheticTask, type TaskExample, type TaskName } from './synthetic-task.js'

/** Answers every question from the words of the text alone: by position, what must be predicted. */
const solvers: Record<TaskName, (words: string[], span: number) => Map<number, string>> = {
  'key-value-recall': (words) => {
    const values = new Map<string, string>()
    const answers = new Map<number, string>()
    words.forEach((word, position) => {
      if (!word.startsWith('k')) return
      const known = values.get(word)
      if (known === undefined) values.set(word, words[position + 1]!)
      else answers.set(position, known)
    })
    return answers
  },
  passkey: (words) => {
    const [start, question] = [words.indexOf('key:') + 1, words.indexOf('?')]
    const digits = words.length - question
    return new Map(Array.from({ length: digits }, (_, index) => [question + index, words[start + index]!]))
  },
  copy: (words) => {
    const middle = words.indexOf('|')
    const copied = words.slice(
      words.findIndex((word) => word.startsWith('s')),
      middle,
    )
    return new Map(copied.map((word, index) => [middle + index, word]))
  },
  'selective-copy': (words) => {
    const middle = words.indexOf('|')
    const copied = words.slice(0, middle).filter((word) => word !== '.')
    return new Map(copied.map((word, index) => [middle + index, word]))
  },
  induction: (words) => new Map([[words.length - 1, words[words.indexOf('*') + 1]!]]),
  'window-parity': (words, span) => {
    const ones = (position: number) => words.slice(position + 1 - span, position + 1).filter((bit) => bit === '1')
    const positions = Array.from({ length: words.length - span + 1 }, (_, index) => span - 1 + index)
    return new Map(positions.map((position) => [position, ones(position).length % 2 ? 'odd' : 'even']))
  },
}

/** A task of any kind, the distances its questions may have, and for parity its span. */
interface Drawn {
  task: SyntheticTask
  distances: (distance: number) => boolean
  span: number
}

const seeds = fc.nat({ max: 2 ** 40 })
const lengths = fc.integer({ min: 2, max: 60 })
const drawnTasks: Record<TaskName, fc.Arbitrary<Drawn>> = {
  'key-value-recall': fc
    .record({
      distances: fc.array(lengths, { minLength: 1, maxLength: 3 }),
      questions: fc.integer({ min: 1, max: 4 }),
      distractors: fc.nat({ max: 5 }),
      more: fc.nat({ max: 40 }),
      values: fc.integer({ min: 2, max: 9 }),
      seed: seeds,
    })
    .map(({ more, ...options }) => {
      const { questions, distractors, distances } = options
      const room = Math.max(...distances) + 3 + 16 * (questions - 1)
      const length = Math.max(room, 2 + 8 * questions + 4 * Math.max(0, distractors - 1)) + more
      const task = syntheticTask('key-value-recall', { ...options, length })
      return { task, distances: (distance) => distances.includes(distance), span: 0 }
    }),
  passkey: fc
    .record({
      digits: fc.integer({ min: 1, max: 6 }),
      free: fc.integer({ min: 1, max: 60 }),
      seed: seeds,
      at: fc.nat(),
    })
    .map(({ digits, free, seed, at }) => {
      const chosen = digits + (at % free)
      const options = { length: 2 * digits + free, digits, seed }
      const task = syntheticTask('passkey', at % 2 ? options : { ...options, distances: [chosen] })
      return {
        task,
        distances: (distance) => (at % 2 ? distance >= digits && distance < digits + free : distance === chosen),
        span: 0,
      }
    }),
  copy: fc
    .record({
      length: fc.integer({ min: 2, max: 60 }),
      symbols: fc.integer({ min: 2, max: 9 }),
      seed: seeds,
      by: fc.nat(),
    })
    .map(({ length, symbols, seed, by }) => {
      const copied = 1 + (by % Math.floor(length / 2))
      const task = syntheticTask('copy', { length, symbols, seed, copied })
      return { task, distances: (distance) => distance === copied, span: 0 }
    }),
  'selective-copy': fc
    .record({
      length: fc.integer({ min: 2, max: 60 }),
      symbols: fc.integer({ min: 2, max: 9 }),
      seed: seeds,
      by: fc.nat(),
    })
    .map(({ length, symbols, seed, by }) => {
      const copied = 1 + (by % Math.floor(length / 2))
      const task = syntheticTask('selective-copy', { length, symbols, seed, copied })
      return { task, distances: (distance) => distance >= copied && distance < length, span: 0 }
    }),
  induction: fc
    .record({ length: fc.integer({ min: 3, max: 60 }), seed: seeds, at: fc.nat() })
    .map(({ length, seed, at }) => {
      const chosen = 1 + (at % (length - 2))
      const task = syntheticTask('induction', at % 2 ? { length, seed } : { length, seed, distances: [chosen] })
      return {
        task,
        distances: (distance) => (at % 2 ? distance >= 1 && distance <= length - 2 : distance === chosen),
        span: 0,
      }
    }),
  'window-parity': fc
    .record({ length: fc.integer({ min: 1, max: 60 }), seed: seeds, by: fc.nat() })
    .map(({ length, seed, by }) => {
      const span = 1 + (by % length)
      const task = syntheticTask('window-parity', { length, seed, span })
      return { task, distances: (distance) => distance === span - 1, span }
    }),
}

const indices = fc.nat({ max: 10_000 })
const solve = ({ task, span }: Drawn, inputs: ArrayLike<number>) =>
  solvers[task.name](task.decode(inputs).split(' '), span)

/** The example with another token where a question's answer comes from: nothing nearer changes. */
function changed({ task }: Drawn, { inputs, answers }: TaskExample, question: number): Int32Array {
  const { position, distance } = answers[question]!
  const other = inputs.slice(0, position + 1)
  const [place, word] = [position - distance, task.vocabulary[inputs[position - distance]!]!]
  const kind = /^[a-z]*/.exec(word)![0]
  const others = task.vocabulary.flatMap((name, id) =>
    /^([a-z]*)\d+$/.exec(name)?.[1] === kind && name !== word ? [id] : [],
  )
  other[place] = others[0]!
  return other
}

describe.each(taskNames)('%s', (name) => {
  test('every answer follows from the tokens alone, and there are no other questions', () => {
    fc.assert(
      fc.property(drawnTasks[name], indices, (drawn, index) => {
        const { task } = drawn
        const { inputs, labels, answers } = task.example(index)
        expect([inputs.length, labels.length]).toEqual([task.length, task.length])
        const solved = [...solve(drawn, inputs)].map(([position, word]) => [position, task.vocabulary.indexOf(word)])
        expect(answers.map(({ position, token }) => [position, token])).toEqual(solved)
        const asked = new Map(answers.map(({ position, token }) => [position, token]))
        expect([...labels]).toEqual(Array.from(labels, (_, place) => asked.get(place) ?? -100))
        if (name === 'window-parity') return
        for (const { position, token } of answers) expect(inputs[position + 1] ?? token).toBe(token)
      }),
      { numRuns: 200 },
    )
  })

  test('distances are those asked for, and the answer lies outside any smaller window', () => {
    fc.assert(
      fc.property(drawnTasks[name], indices, fc.nat(), (drawn, index, which) => {
        const example = drawn.task.example(index)
        const question = which % example.answers.length
        const { position, token, distance } = example.answers[question]!
        expect(drawn.distances(distance)).toBe(true)
        const other = changed(drawn, example, question)
        expect([...other.subarray(position - distance + 1)]).toEqual([
          ...example.inputs.subarray(position - distance + 1, position + 1),
        ])
        const answer = otherAnswer(drawn, other, position)
        expect(answer).toBeDefined()
        expect(answer).not.toBe(drawn.task.vocabulary[token])
      }),
      { numRuns: 200 },
    )
  })

  test('an example depends on the seed and its index alone', () => {
    fc.assert(
      fc.property(drawnTasks[name], fc.uniqueArray(indices, { minLength: 1, maxLength: 4 }), ({ task }, order) => {
        const first = order.map((index) => task.example(index))
        expect([...order].reverse().map((index) => task.example(index))).toEqual(first.reverse())
      }),
      { numRuns: 30 },
    )
  })
})

/** What must follow a text that ends with the question. */
function otherAnswer(drawn: Drawn, text: Int32Array, position: number): string | undefined {
  if (drawn.task.name !== 'passkey') return solve(drawn, text).get(position)
  const words = drawn.task.decode(text).split(' ')
  return words[words.indexOf('key:') + 1 + position - words.indexOf('?')]
}

test('samples read well', () => {
  const samples = [
    syntheticTask('key-value-recall', { length: 16, seed: 1, distances: [4], keys: 4, values: 4 }),
    syntheticTask('passkey', { length: 16, seed: 1, digits: 3, distances: [8] }),
    syntheticTask('copy', { length: 10, seed: 1 }),
    syntheticTask('selective-copy', { length: 12, seed: 1, copied: 3 }),
    syntheticTask('induction', { length: 8, seed: 1, distances: [3] }),
    syntheticTask('window-parity', { length: 6, seed: 1, span: 3 }),
  ].map((task) => {
    const { inputs, answers } = task.example(0)
    return `${task.decode(inputs)} → ${task.decode(answers.map(({ token }) => token))}`
  })
  expect(samples).toMatchInlineSnapshot(`
    [
      ". . . . . . k3 v0 k2 v3 . k3 v0 . . . → v0",
      "word6 word8 word3 word7 key: 9 8 3 word3 word8 word14 word12 word15 ? 9 8 → 9 8 3",
      "s13 s5 s4 s15 s6 | s13 s5 s4 s15 → s13 s5 s4 s15 s6",
      ". . . . s4 . s6 s15 . | s4 s6 → s4 s6 s15",
      "s5 s4 s15 * s8 s3 s7 * → s8",
      "1 1 0 1 0 0 → even even odd odd",
    ]
  `)
})

test('other seeds and other indices give other examples', () => {
  const text = (seed: number, index: number): string => {
    const task = syntheticTask('copy', { length: 40, seed })
    return task.decode(task.example(index).inputs)
  }
  const texts = [0, 1, 2 ** 40].flatMap((seed) => [0, 1, 2 ** 40].map((index) => text(seed, index)))
  expect(new Set(texts).size).toBe(9)
})

test('the distances of key-value recall come alike often, and pairs nobody asks for are there', () => {
  const task = syntheticTask('key-value-recall', {
    length: 128,
    seed: 3,
    distances: [5, 50],
    questions: 2,
    distractors: 6,
  })
  const examples = Array.from({ length: 500 }, (_, index) => task.example(index))
  const short = examples.flatMap(({ answers }) => answers).filter(({ distance }) => distance === 5).length
  expect(Math.abs(short - 500)).toBeLessThan(80) // 5 standard deviations
  for (const { inputs } of examples) {
    const keys = task
      .decode(inputs)
      .split(' ')
      .filter((word) => word.startsWith('k'))
    expect([keys.length, new Set(keys).size]).toEqual([2 * 2 + 6, 2 + 6])
  }
})

describe('what is refused', () => {
  const build = (name: string, options: object) => () =>
    syntheticTask(name as 'copy', { length: 32, seed: 0, ...options } as { length: number; seed: number })

  test.each<[string, object, string]>([
    [
      'recall',
      {},
      'the task must be one of key-value-recall, passkey, copy, selective-copy, induction, window-parity, got recall',
    ],
    ['copy', { length: 0 }, 'length must be a whole number of at least 1, got 0'],
    ['copy', { length: 1 }, 'length must be a whole number of at least 2, got 1'],
    ['copy', { seed: -1 }, 'seed must be a whole number of at least 0, got -1'],
    ['copy', { copied: 17 }, 'copied with a length of 32 must be a whole number from 1 to 16, got 17'],
    ['copy', { symbols: 1 }, 'symbols must be a whole number of at least 2, got 1'],
    ['copy', { distance: 3 }, 'the options of copy are length, seed, copied, symbols, got distance'],
    ['selective-copy', { copied: 0 }, 'copied with a length of 32 must be a whole number from 1 to 16, got 0'],
    ['passkey', { length: 10 }, 'length with 5 digits must be a whole number of at least 11, got 10'],
    ['passkey', { distances: [4] }, 'a distance must be a whole number from 5 to 26, got 4'],
    ['passkey', { distances: [27] }, 'a distance must be a whole number from 5 to 26, got 27'],
    ['induction', { distances: [31] }, 'a distance must be a whole number from 1 to 30, got 31'],
    ['induction', { distances: [] }, 'distances must hold one at least, but is empty'],
    ['window-parity', { span: 33 }, 'span with a length of 32 must be a whole number from 1 to 32, got 33'],
    ['key-value-recall', { distances: [30] }, 'a distance must be a whole number from 1 to 29, got 30'],
    [
      'key-value-recall',
      { distances: [4], distractors: 8, keys: 8 },
      'keys must be a whole number of at least 9, got 8',
    ],
    [
      'key-value-recall',
      { distances: [14], questions: 2 },
      '2 questions at a distance of 14 and 2 distractors need a length of 33, got 32. Ask less, or raise length.',
    ],
  ])('%s %j', (name, options, message) => {
    expect(build(name, options)).toThrow(`syntheticTask: ${message}`)
    expect(build(name, options)).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })

  test('an index or an id that is none', () => {
    const task = syntheticTask('copy', { length: 8, seed: 0 })
    expect(() => task.example(-1)).toThrow('example: index must be a whole number of at least 0, got -1')
    expect(() => task.decode([2, 99])).toThrow('decode: ids of copy are below 18, but there is 99.')
  })
})
