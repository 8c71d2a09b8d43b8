import { expect, test } from 'vitest'
import { scoreAnswers } from './score-answers.js'
import { syntheticTask } from './synthetic-task.js'

const inputs = new Int32Array(4)
const examples = [
  {
    inputs,
    answers: [
      { position: 1, token: 7, distance: 12 },
      { position: 3, token: 8, distance: 3 },
    ],
  },
  { inputs, answers: [{ position: 2, token: 9, distance: 12 }] },
]

test('answers are counted at their positions, by distance', () => {
  const predicted = [
    [0, 7, 0, 7],
    [9, 9, 9, 9],
  ]
  expect(scoreAnswers(examples, predicted)).toEqual({
    ...{ asked: 3, right: 2, accuracy: 2 / 3, wholeExamples: 1 },
    byDistance: [
      { distance: 3, asked: 1, right: 0, accuracy: 0 },
      { distance: 12, asked: 2, right: 2, accuracy: 1 },
    ],
  })
})

test('labels as predictions are all right, inputs are not', () => {
  const task = syntheticTask('selective-copy', { length: 30, seed: 1, symbols: 50 })
  const drawn = Array.from({ length: 20 }, (_, index) => task.example(index))
  const score = scoreAnswers(
    drawn,
    drawn.map(({ labels }) => labels),
  )
  expect(score).toMatchObject({ asked: 160, right: 160, accuracy: 1, wholeExamples: 20 })
  expect(score.byDistance.reduce((total, { asked }) => total + asked, 0)).toBe(160)
  expect(
    scoreAnswers(
      drawn,
      drawn.map((example) => example.inputs),
    ).accuracy,
  ).toBeLessThan(0.1)
})

test('what does not belong together is refused', () => {
  expect(() => scoreAnswers(examples, [[1, 2, 3, 4]])).toThrow('got 2 examples and 1 predictions')
  expect(() => scoreAnswers([], [])).toThrow('got 0 examples')
  expect(() => scoreAnswers(examples, [[1, 2, 3, 4], [1]])).toThrow(
    'scoreAnswers: example 1 has 4 tokens and needs as many predictions, got 1.',
  )
})
