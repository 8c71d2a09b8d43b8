import { readBatches } from '../batches/node/read-batches-task.js'
import { countWords } from '../tokens/count-words-task.js'
import { packTexts } from '../tokens/pack-texts-task.js'

/** Everything that worker threads can do, by name. */
export const tasks = { countWords, packTexts, readBatches }

/** The name of a task. */
export type TaskName = keyof typeof tasks
