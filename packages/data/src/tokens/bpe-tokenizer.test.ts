import { expect, test } from 'vitest'
import { trainBpe } from './train-bpe.js'

test('more different words than are remembered: the ids stay the same', () => {
  const text = Array.from(
    { length: 270_000 },
    (_, index) => ` w${index.toString(36).replace(/\d/g, 'é')}x${index}`,
  ).join('')
  const tokenizer = trainBpe([text.slice(0, 5_000)], { vocabSize: 400 })
  const ids = tokenizer.encode(text)
  expect(tokenizer.decode(ids) === text).toBe(true)
  expect(Buffer.from(tokenizer.encode(text).buffer).equals(Buffer.from(ids.buffer))).toBe(true)
})

test('tokenBytes has the bytes of a learned token, which may be a part of a character', () => {
  const tokenizer = trainBpe(['鯨鯨', '鯨鯨', '鯨', 'x'], { vocabSize: 257 })
  expect([...tokenizer.tokenBytes(256)]).toEqual([0xaf, 0xa8]) // of 鯨 = e9 af a8, as often as e9 af, but ¯ is before é
  expect(tokenizer.decode([256])).toBe('\ufffd\ufffd')
  expect(tokenizer.decode(tokenizer.encode('鯨'))).toBe('鯨')
  expect(tokenizer.vocabSize).toBe(257)
  expect(() => tokenizer.tokenBytes(257)).toThrow('ids are whole numbers from 0 to 256, got 257')
})

test('a word of any length has the ids that the merges give one by one', () => {
  const sample = 'abcabcaabbccabcdabcdeabab'
  const tokenizer = trainBpe([sample], { vocabSize: 270, minFrequency: 1 })
  const { vocab, merges } = tokenizer.toJSON().model
  for (let length = 1; length < 150; length++) {
    const word = Array.from({ length }, (_, index) => 'abcde'[(index * index * 7 + (index >> 2)) % 5]).join('')
    const symbols = [...word]
    for (const merge of merges) {
      const [left, right] = merge.split(' ')
      for (let index = 0; index + 1 < symbols.length; index++) {
        if (symbols[index] === left && symbols[index + 1] === right) symbols.splice(index, 2, `${left}${right}`)
      }
    }
    expect([...tokenizer.encode(word)]).toEqual(symbols.map((symbol) => vocab[symbol]))
  }
})
