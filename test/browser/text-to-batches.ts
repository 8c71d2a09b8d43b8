// The way from text to batches that needs nothing of Node: run in Node and in Chromium, with the same outcome.
import {
  inspectDocuments,
  loadTokenizer,
  nextTokenBatches,
  packDocuments,
  splitDocuments,
  syntheticTask,
  taskBatches,
  trainBpe,
  type WeightedSource,
} from '@swat-js/data'

/** Numbers of every step, as JSON can hold them. */
export async function textToBatches(texts: readonly string[], tokenizerJson: unknown): Promise<unknown> {
  const documents = texts.map((text, index) => ({ name: `text ${index}`, text }))
  const split = splitDocuments(documents, { by: 'document', validationShare: 0.2, seed: 3 })
  const tokenizer = trainBpe(texts, { vocabSize: 400, specialTokens: ['<|endoftext|>'] })
  const endOfDocument = tokenizer.specialTokens.get('<|endoftext|>')
  const stream = packDocuments(split.train, tokenizer, { endOfDocument })
  const other = loadTokenizer(tokenizerJson)
  const mixture: WeightedSource[] = [
    { source: stream, weight: 2 },
    { source: packDocuments(split.validation, tokenizer, { endOfDocument }), weight: 1 },
  ]
  const options = { batchSize: 4, length: 32, seed: 5 }
  const batches = nextTokenBatches(mixture, options)
  batches.next()
  const cursor = batches.cursor()
  const { inputs, labels } = batches.next()
  const again = nextTokenBatches(mixture, options)
  again.seek(cursor)
  const task = taskBatches(syntheticTask('passkey', { length: 64, seed: 1 }), { batchSize: 2 })
  return {
    vocabulary: tokenizer.toJSON(),
    ids: texts.map((text) => Array.from(other.encode(text))),
    decoded: texts.map((text) => other.decode(other.encode(text))),
    tokens: Array.from(stream.tokens),
    inputs: Array.from(inputs),
    labels: Array.from(labels),
    resumed: Array.from(again.next().inputs),
    cursor,
    task: Array.from(task.next().inputs),
    inspection: await inspectDocuments(documents, tokenizer),
  }
}
