import { availableParallelism } from 'node:os'
import { checkInteger } from '../../check-integer.js'
import { openTaskPool } from '../../workers/node/task-pool.js'
import { checkTraining, learnBpe, type TrainBpeOptions } from '../train-bpe.js'
import type { ByteLevelTokenizer } from '../tokenizer.js'
import { WordCounts, type CountedWords } from '../word-counts.js'

/** Options of {@link trainBpeFrom}. */
export interface TrainBpeFromOptions extends TrainBpeOptions {
  /** How many worker threads count words; 0 = none, the caller's does. Default: as many as the machine has cores. */
  workers?: number
  /**
   * How many different words to learn from at most, the most frequent; it bounds the memory, about 400 bytes a word.
   * While twice as many are reached, the rarest are forgotten. Default 2²⁰ = 1,048,576.
   */
  mostWords?: number
  /** Called as texts are counted, with the number of texts and of their code units so far. */
  onCount?: (texts: number, codeUnits: number) => void
}

const batchLength = 2 ** 21 // code units

/**
 * `trainBpe` for texts that come one after another and need not fit into memory: worker threads count the words,
 * a few million characters at a time. Of texts with no more than `mostWords` different words the tokenizer is that of
 * `trainBpe`, whatever the number of workers; of others it depends on the order of the texts, but never on the workers.
 *
 * @param texts what to learn from; taken one at a time, and each held whole
 * @param options see {@link TrainBpeFromOptions}
 * @returns the tokenizer
 * @throws {DataError} as `trainBpe`, and `worker-failed`; what `texts` throws
 */
export async function trainBpeFrom(
  texts: AsyncIterable<string> | Iterable<string>,
  options: TrainBpeFromOptions,
): Promise<ByteLevelTokenizer> {
  const { specialTokens = [], workers = availableParallelism(), mostWords = 2 ** 20, onCount } = options
  checkTraining('trainBpeFrom', options)
  checkInteger('trainBpeFrom', 'mostWords', mostWords, 1)
  checkInteger('trainBpeFrom', 'workers', workers, 0, 1024)
  const pool = openTaskPool('countWords', { specialTokens }, workers)
  const words = new WordCounts(specialTokens)
  const underWay: { answer: Promise<CountedWords>; texts: number; codeUnits: number }[] = []
  const counted = { texts: 0, codeUnits: 0 }

  /** Takes the oldest answer, so that the words come in the order of the texts. */
  const takeOne = async (): Promise<void> => {
    const oldest = underWay.shift()!
    words.addAll(await oldest.answer)
    if (words.size > 2 * mostWords) words.keepMostFrequent(mostWords)
    counted.texts += oldest.texts
    counted.codeUnits += oldest.codeUnits
    onCount?.(counted.texts, counted.codeUnits)
  }
  const send = async (batch: readonly string[], codeUnits: number): Promise<void> => {
    while (underWay.length >= Math.max(1, 2 * workers)) await takeOne()
    const answer = pool.run(batch)
    answer.catch(() => {}) // it is awaited later, when it is the oldest
    underWay.push({ answer, texts: batch.length, codeUnits })
  }

  try {
    let batch: string[] = []
    let length = 0
    for await (const text of texts) {
      batch.push(text)
      length += text.length
      if (length < batchLength) continue
      await send(batch, length)
      batch = []
      length = 0
    }
    if (batch.length > 0) await send(batch, length)
    while (underWay.length > 0) await takeOne()
  } finally {
    await pool.close()
  }
  words.keepMostFrequent(mostWords)
  return learnBpe('trainBpeFrom', words, options)
}
