import { Command } from 'commander'
import type { Tokenizer } from '@swat-js/data'
import { disposeParameters, SwatError, useEngine, type BackendName } from '@swat-js/tensor-core'
import { findCheckpoint } from '../checkpoints/find-checkpoint.js'
import { readCheckpoint } from '../checkpoints/read-checkpoint.js'
import { continueTexts, type TextPiece } from '../evaluation/continue-texts.js'
import { backendOption } from './backend-option.js'
import { collect } from './collect.js'
import { modelSetOption } from './model-set-option.js'
import { numberOption } from './number-option.js'
import { readPrompt } from './read-prompt.js'
import { threadsOption } from './threads-option.js'

interface GenerateOptions {
  run: string
  prompt: string[]
  promptFile: string[]
  tokens: number
  temperature: number
  topK?: number
  topP?: number
  minP?: number
  repetitionPenalty?: number
  stop: string[]
  seed: number
  logProbabilities?: number
  backend: BackendName | 'auto'
  threads?: number
  set: string[]
  json?: boolean
}

/** The command `swat generate`. */
export function generateCommand(): Command {
  const count = numberOption({ whole: true, least: 1 })
  const share = numberOption({ least: 0 })
  return new Command('generate')
    .description('Continues texts with a trained model; the text appears as it comes.')
    .requiredOption('--run <folder>', 'a run folder, for its latest checkpoint, or a checkpoint')
    .option('--prompt <text>', 'the text to continue; give several for several texts side by side', collect, [])
    .option('--prompt-file <path>', 'a file with the text to continue, - for standard input; as it is', collect, [])
    .option('--tokens <count>', 'the most tokens to write, of each text', count, 200)
    .option('--repetition-penalty <number>', 'above 1: tokens of the text so far become less likely', share)
    .option('--temperature <number>', '0 takes the likeliest token', share, 0.8)
    .option('--top-k <count>', 'sample among the so many likeliest tokens', count)
    .option('--top-p <share>', 'sample among the fewest likeliest tokens that have this probability together', share)
    .option('--min-p <share>', 'sample among tokens at least this share as likely as the likeliest', share)
    .option('--stop <text>', 'end before this text; give several for several', collect, [])
    .option('--seed <number>', 'decides what is drawn', numberOption({ whole: true, least: 0 }), 1)
    .addOption(modelSetOption())
    .addOption(backendOption())
    .addOption(threadsOption())
    .option('--json', 'tell each piece of text as a JSON object on a line')
    .option(
      '--log-probabilities <count>',
      'with --json: tell each token with its log-probability, and so many of the likeliest ones',
      numberOption({ whole: true, least: 0 }),
    )
    .option('--verbose', 'show where an error comes from')
    .addHelpText('after', examples)
    .action(async ({ run, backend, threads, json, set, prompt, promptFile, ...options }: GenerateOptions) => {
      if (prompt.length + promptFile.length === 0) {
        throw new SwatError('prompt', 'There is nothing to continue. Give --prompt <text> or --prompt-file <path>.')
      }
      if (options.logProbabilities !== undefined && !json) {
        throw new SwatError('generation', '--log-probabilities has no place in plain text. Add --json.')
      }
      const path = await findCheckpoint(run)
      const prompts = [...prompt]
      for (const file of promptFile) prompts.push(await readPrompt(file))
      await useEngine({ backend, threads })
      const checkpoint = await readCheckpoint(path, set)
      const tell = json ? jsonLines(checkpoint.tokenizer) : plainTexts(prompts)
      for await (const piece of continueTexts(checkpoint, prompts, options)) tell(piece)
      disposeParameters(checkpoint.parameters)
    })
}

/** A line for each piece that says something. */
function jsonLines(tokenizer: Tokenizer): (piece: TextPiece) => void {
  const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })
  return ({ sequence, text, token, end }) => {
    const told = token !== null && token.logProbability !== null
    if (text === '' && end === null && !told) return
    const likeliest = token?.likeliest.map((other) => ({
      ...other,
      text: utf8.decode(tokenizer.tokenBytes(other.token)),
    }))
    const record = {
      ...{ sequence, text },
      ...(told && { token: token.token, logProbability: token.logProbability, likeliest }),
      ...(end !== null && { end }),
    }
    process.stdout.write(`${JSON.stringify(record)}\n`)
  }
}

/** One text after the other: the first that has not ended appears as it comes, those after it wait. */
function plainTexts(prompts: readonly string[]): (piece: TextPiece) => void {
  const waiting = [...prompts]
  let current = 0
  const ended = prompts.map(() => false)
  const print = () => {
    while (current < prompts.length) {
      process.stdout.write(waiting[current])
      waiting[current] = ''
      if (!ended[current]) return
      process.stdout.write(current + 1 < prompts.length ? '\n\n' : '\n')
      current++
    }
  }
  print()
  return ({ sequence, text, end }) => {
    waiting[sequence] += text
    ended[sequence] = end !== null
    print()
  }
}

const examples = `
Sampling goes in this order: repetition penalty, temperature, top-k, top-p, min-p. The text of the prompt at place i,
from 0 on, depends on seed + i alone, not on the others. A line of --json has "sequence", the place of the prompt, and
"text", and the last of a text has "end": "stop" or "length". With --log-probabilities there is a line for each token, with
"token", "logProbability" (natural logarithm, before any of the sampling options) and "likeliest".

Examples:
  swat generate --run runs/moby-dick --prompt 'Call me'
  swat generate --run runs/moby-dick --prompt 'The whale' --tokens 500 --temperature 0.7 --top-k 40 --seed 3
  swat generate --run runs/moby-dick --prompt 'The sea' --top-p 0.9 --repetition-penalty 1.1 --stop . --stop '?'
  swat generate --run runs/moby-dick --prompt Ahab --prompt Starbuck --min-p 0.1 --json --log-probabilities 3
  swat generate --run runs/moby-dick --prompt-file chapter.txt
  printf 'Call me' | swat generate --run runs/moby-dick --prompt-file -
  swat generate --run runs/moby-dick/checkpoints/step-000200 --prompt 'Ahab' --temperature 0`
