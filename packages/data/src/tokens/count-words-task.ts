import type { Task } from '../workers/task.js'
import { WordCounts, type CountedWords } from './word-counts.js'

/** Counts the words of texts; special tokens are passed over. */
export const countWords: Task<{ specialTokens: readonly string[] }, readonly string[], CountedWords> = (setup) => {
  const words = new WordCounts(setup.specialTokens)
  return (texts) => {
    for (const text of texts) words.count(text)
    const output = words.take()
    return { output, transfer: [output.lengths.buffer, output.counts.buffer] }
  }
}
