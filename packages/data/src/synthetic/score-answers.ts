import { DataError } from '../data-error.js'
import type { TaskExample } from './synthetic-task.js'

/** How many answers were right. */
export interface AnswerCount {
  /** Questions asked. */
  asked: number
  /** How many answers were right. */
  right: number
  /** `right / asked` */
  accuracy: number
}

/** What {@link scoreAnswers} finds. */
export interface AnswerScore extends AnswerCount {
  /** Examples in which every answer was right. */
  wholeExamples: number
  /** The same for each distance, from the shortest on. */
  byDistance: ({
    /** From the question back to the farthest token that its answer needs. */
    distance: number
  } & AnswerCount)[]
}

/**
 * How often the answers are right, by distance.
 *
 * @param examples - what was asked
 * @param predicted - for each example the id that was predicted after each token, `[length]`; only those at questions
 *   are read
 * @returns counts over all and for each distance
 * @throws {DataError} `invalid-argument` when examples and predictions do not belong together
 */
export function scoreAnswers(
  examples: readonly Pick<TaskExample, 'inputs' | 'answers'>[],
  predicted: readonly ArrayLike<number>[],
): AnswerScore {
  if (predicted.length !== examples.length || examples.length === 0) {
    const counts = `${examples.length} examples and ${predicted.length} predictions`
    throw new DataError('invalid-argument', `scoreAnswers: each example must have its predictions, got ${counts}.`)
  }
  const counts = new Map<number, [asked: number, right: number]>()
  let wholeExamples = 0
  examples.forEach(({ inputs, answers }, index) => {
    const ids = predicted[index]!
    if (ids.length !== inputs.length) {
      throw new DataError(
        'invalid-argument',
        `scoreAnswers: example ${index} has ${inputs.length} tokens and needs as many predictions, got ${ids.length}.`,
      )
    }
    let allRight = true
    for (const { position, token, distance } of answers) {
      const isRight = ids[position] === token
      const [asked, right] = counts.get(distance) ?? [0, 0]
      counts.set(distance, [asked + 1, right + (isRight ? 1 : 0)])
      allRight &&= isRight
    }
    if (allRight) wholeExamples++
  })
  const byDistance = [...counts]
    .sort(([one], [other]) => one - other)
    .map(([distance, [asked, right]]) => ({ distance, asked, right, accuracy: right / asked }))
  const [asked, right] = [sum(byDistance.map((row) => row.asked)), sum(byDistance.map((row) => row.right))]
  return { asked, right, accuracy: right / asked, wholeExamples, byDistance }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
