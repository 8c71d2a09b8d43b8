import { describe, expect, it } from 'vitest'
import { closestWord } from './closest-word.js'

describe('closestWord', () => {
  const words = ['steps', 'batchSize', 'length', 'learningRate']
  it.each([
    ['stpes', 'steps'],
    ['batchsize', 'batchSize'],
    ['learning_rate', 'learningRate'],
    ['lenght', 'length'],
  ])('%s is meant as %s', (word, meant) => {
    expect(closestWord(word, words)).toBe(meant)
  })

  it('does not guess when nothing is close', () => {
    expect(closestWord('momentum', words)).toBeUndefined()
    expect(closestWord('momentum', [])).toBeUndefined()
  })
})
