import { checkInteger } from '../../check-integer.js'
import { DataError } from '../../data-error.js'
import type { RandomGenerator } from '../../random/random-generator.js'
import { randomPermutation } from '../../random/random-permutation.js'
import { checkDistances } from '../check-distances.js'
import { numberedNames } from '../numbered-names.js'
import type { TaskAnswer, TaskDefinition } from '../task-definition.js'

/** Options of the task `key-value-recall`. */
export interface KeyValueRecallOptions {
  /** From the question back to the value, in tokens; each question has one of them, drawn alike. */
  distances: readonly number[]
  /** Questions in an example; default 1. */
  questions?: number
  /** Pairs that nobody asks for; default as many as there are questions. */
  distractors?: number
  /** Keys in the vocabulary; default 16, or as many as an example has pairs. */
  keys?: number
  /** Values in the vocabulary; default 16. */
  values?: number
}

/**
 * Key-value recall: pairs of a key and a value stand in filler, and each question is a key that comes again, whose
 * value must follow; the pair's key stands one place before the value. A key is defined once and asked once at most.
 * (Arora et al., "Zoology", arXiv 2312.04927, multi-query associative recall; here with the distance chosen.)
 */
export function keyValueRecall(options: KeyValueRecallOptions & { length: number }): TaskDefinition {
  const { length, distances, questions = 1 } = options
  checkInteger('syntheticTask', 'questions', questions, 1)
  const { distractors = questions } = options
  checkInteger('syntheticTask', 'distractors', distractors, 0)
  const pairs = questions + distractors
  const { keys = Math.max(16, pairs), values = 16 } = options
  checkInteger('syntheticTask', 'keys', keys, pairs)
  checkInteger('syntheticTask', 'values', values, 2)
  checkDistances(distances, 1, length - 3)
  expectRoom(length, Math.max(...distances), questions, distractors)

  return {
    vocabulary: ['.', ...numberedNames('k', keys), ...numberedNames('v', values)],
    draw(random, inputs) {
      const order = randomPermutation(keys, random)
      const key = (pair: number): number => 1 + order[pair]!
      const drawValue = (): number => 1 + keys + random.below(values)
      const answers: TaskAnswer[] = []
      for (let question = 0; question < questions; question++) {
        const distance = distances[random.below(distances.length)]!
        const start = drawFree(inputs, [0, 1, distance + 1, distance + 2], random)
        const [position, token] = [start + 1 + distance, drawValue()]
        inputs.set([key(question), token], start)
        inputs.set([key(question), token], position)
        answers.push({ position, token, distance })
      }
      for (let pair = questions; pair < pairs; pair++) {
        const start = drawFree(inputs, [0, 1], random)
        inputs.set([key(pair), drawValue()], start)
      }
      return answers.sort((one, other) => one.position - other.position)
    },
  }
}

/** A random place from which all these offsets are still filler. */
function drawFree(inputs: Int32Array, offsets: readonly number[], random: RandomGenerator): number {
  const free: number[] = []
  for (let start = 0; start + offsets.at(-1)! < inputs.length; start++) {
    if (offsets.every((offset) => inputs[start + offset] === 0)) free.push(start)
  }
  return free[random.below(free.length)]!
}

/**
 * So much room that a free place is always left, wherever the others came to lie: a placed token takes a start from a
 * later question for each of its four tokens, and from a later pair for each of its two.
 */
function expectRoom(length: number, distance: number, questions: number, distractors: number): void {
  const forQuestions = distance + 3 + 16 * (questions - 1)
  const forDistractors = distractors === 0 ? 0 : 2 + 8 * questions + 4 * (distractors - 1)
  const needed = Math.max(forQuestions, forDistractors)
  if (length >= needed) return
  throw new DataError(
    'invalid-argument',
    `syntheticTask: ${questions} questions at a distance of ${distance} and ${distractors} distractors need a length of ` +
      `${needed}, got ${length}. Ask less, or raise length.`,
  )
}
