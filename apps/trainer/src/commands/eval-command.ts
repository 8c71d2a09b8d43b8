import { dirname } from 'node:path'
import { Command } from 'commander'
import type { Tokenizer, TokenStream } from '@swat-js/data'
import { readDocuments } from '@swat-js/data/node'
import { disposeParameters, SwatError, useEngine, type BackendName } from '@swat-js/tensor-core'
import { findCheckpoint } from '../checkpoints/find-checkpoint.js'
import { readCheckpoint } from '../checkpoints/read-checkpoint.js'
import { scoreText, type TextScore } from '../evaluation/score-text.js'
import { chooseProgress } from '../progress/choose-progress.js'
import { wholeNumber } from '../progress/describe-event.js'
import { readRunRecord } from '../run-folder/run-record.js'
import { heldOutTokens } from '../text/held-out-tokens.js'
import { packText } from '../text/pack-text.js'
import { backendOption } from './backend-option.js'
import { modelSetOption } from './model-set-option.js'
import { numberOption } from './number-option.js'
import { threadsOption } from './threads-option.js'

interface EvalOptions {
  run: string
  data?: string[]
  tokens?: number
  pieceLength?: number
  set: string[]
  backend: BackendName | 'auto'
  threads?: number
  json?: boolean
}

/** The command `swat eval`. */
export function evalCommand(): Command {
  return new Command('eval')
    .description("Measures how well a trained model predicts a text: the run's own held-out text, or another one.")
    .requiredOption('--run <folder>', 'a run folder, for its latest checkpoint, or a checkpoint')
    .option('--data <path...>', 'files or folders to score, in place of the held-out text')
    .option('--tokens <count>', 'score only so many tokens', numberOption({ whole: true, least: 2 }))
    .option(
      '--piece-length <count>',
      'cut the text into pieces of so many tokens, each scored by itself (default: the text is one stream)',
      numberOption({ whole: true, least: 1 }),
    )
    .addOption(modelSetOption())
    .addOption(backendOption())
    .addOption(threadsOption())
    .option('--json', 'print the result as JSON')
    .option('--verbose', 'show where an error comes from')
    .addHelpText('after', examples)
    .action(async (options: EvalOptions) => {
      const path = await findCheckpoint(options.run)
      const readText = await textToScore(path, options.data)
      const engine = await useEngine({ backend: options.backend, threads: options.threads })
      const checkpoint = await readCheckpoint(path, options.set)
      const progress = options.json ? null : chooseProgress(process.stdout, false)
      let score: TextScore
      try {
        const tokens = await readText(checkpoint.tokenizer)
        score = await scoreText(checkpoint, tokens, {
          limit: options.tokens ?? null,
          pieceLength: options.pieceLength ?? null,
          onProgress: (done, total) => progress?.report({ event: 'progress', task: 'validation', done, total }),
        })
      } finally {
        progress?.close()
        disposeParameters(checkpoint.parameters)
      }
      const lines = [
        `Loss                ${score.loss.toFixed(4)} nats per token`,
        `Perplexity          ${score.perplexity.toFixed(2)}`,
        `Bits per byte       ${score.bitsPerByte.toFixed(4)}`,
        `gzip -9             ${score.gzipBitsPerByte.toFixed(4)} bits per byte of the same text`,
        `Scored              ${wholeNumber(score.tokens)} tokens, ${wholeNumber(score.bytes)} bytes`,
        `Checkpoint          ${path} on ${engine.backend}`,
      ]
      const result = { ...score, checkpoint: path, backend: engine.backend }
      process.stdout.write(options.json ? `${JSON.stringify(result)}\n` : `${lines.join('\n')}\n`)
    })
}

type ReadText = (tokenizer: Tokenizer) => Promise<TokenStream['tokens']>

async function textToScore(checkpoint: string, paths: string[] | undefined): Promise<ReadText> {
  const record = await readRunRecord(dirname(dirname(checkpoint)))
  const endOfDocument = record?.config.tokenizer.endOfDocument ?? null
  if (paths !== undefined) {
    const documents = await readDocuments({ path: paths })
    return async (tokenizer) => packText(documents, tokenizer, endOfDocument).tokens
  }
  if (record === null) {
    throw new SwatError(
      'run-missing',
      `${checkpoint} is not in a run folder, so it has no held-out text. Add --data <path>.`,
    )
  }
  return (tokenizer) => heldOutTokens(record.config, tokenizer)
}

const examples = `
Examples:
  swat eval --run runs/moby-dick
  swat eval --run runs/moby-dick --data another-book.txt more-books/ --json
  swat eval --run runs/softmax --set model.window=1024 --set model.sinks=4 --set model.sinkPositions=in-cache`
