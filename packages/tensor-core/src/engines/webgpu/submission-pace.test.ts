import { expect, it } from 'vitest'
import { SubmissionPace } from './submission-pace.js'

it('starts small, grows with a fast GPU to a limit, and shrinks with a slow one', () => {
  const pace = new SubmissionPace()
  expect(pace.size).toBe(15)
  expect(pace.submitted(15, 1000)).toBe(true)
  pace.finished(1010) // 1.5 a millisecond
  expect(pace.size).toBe(75)
  expect(pace.submitted(75, 2000)).toBe(true)
  pace.finished(2001)
  expect(pace.size).toBe(256)
  pace.submitted(256, 3000)
  pace.finished(4280) // 5 ms each
  expect(pace.size).toBe(15)
})

it('counts what was submitted while it waited, and not the time before that', () => {
  const pace = new SubmissionPace()
  pace.submitted(15, 0)
  pace.finished(10)
  expect(pace.submitted(20, 500)).toBe(true)
  expect(pace.submitted(100, 501)).toBe(false)
  pace.finished(520)
  expect(pace.size).toBe(50) // 20 in 20 ms
  expect(pace.submitted(80, 530)).toBe(true)
  pace.finished(620) // 180 in the 100 ms since the GPU was heard of
  expect(pace.size).toBe(100)
})
