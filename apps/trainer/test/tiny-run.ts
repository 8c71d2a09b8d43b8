import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const syllables = ['wha', 'le', 'sea', 'shi', 'p', 'mo', 'by', 'call', 'me', 'ish', 'mael', 'a', 'hab', 'star', 'buck']
const words = syllables.flatMap((first, i) => [1, 2, 3, 5, 7].map((step) => first + syllables[(i * step + 1) % 15]))

/** Some 6,000 bytes of text that has something to learn: words in an order that only looks random. */
export const tinyText = Array.from({ length: 1200 }, (_, i) => words[((i * 7919) ^ (i * i * 31)) % words.length])
  .map((word, i) => (i % 12 === 11 ? `${word}.\n` : `${word} `))
  .join('')

/** A run that takes a second or two: 20 steps of a model with some thousand weights. */
export const tinyConfig = `
data: { path: text.txt }
engine: { backend: wasm }
tokenizer: { type: byte }
model: { preset: nano, hiddenSize: 16, layers: 2, heads: 2, window: 8, intermediateSize: 32 }
training: { steps: 20, batchSize: 2, length: 16, accumulation: 2, learningRate: 3e-3, warmupSteps: 2 }
validation: { every: 5, tokens: 100 }
sample: { every: 10, tokens: 8, prompt: the }
checkpoint: { every: 5, keep: 2 }
`

/** A folder with the text and the configuration `tiny.yaml`. */
export async function tinyFolder(config = tinyConfig): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'swat-run-'))
  await writeFile(join(folder, 'text.txt'), tinyText)
  await writeFile(join(folder, 'tiny.yaml'), config)
  return folder
}
