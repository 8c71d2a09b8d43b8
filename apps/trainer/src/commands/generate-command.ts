import { Command } from 'commander'
import { disposeParameters, useEngine, type BackendName } from '@swat-js/tensor-core'
import { findCheckpoint } from '../checkpoints/find-checkpoint.js'
import { readCheckpoint } from '../checkpoints/read-checkpoint.js'
import { continueText } from '../evaluation/continue-text.js'
import { backendOption } from './backend-option.js'
import { numberOption } from './number-option.js'
import { threadsOption } from './threads-option.js'

interface GenerateOptions {
  run: string
  prompt: string
  tokens: number
  temperature: number
  topK?: number
  seed: number
  backend: BackendName | 'auto'
  threads?: number
  json?: boolean
}

/** The command `swat generate`. */
export function generateCommand(): Command {
  return new Command('generate')
    .description('Continues a text with a trained model; the text appears as it comes.')
    .requiredOption('--run <folder>', 'a run folder, for its latest checkpoint, or a checkpoint')
    .requiredOption('--prompt <text>', 'the text to continue')
    .option('--tokens <count>', 'the most tokens to write', numberOption({ whole: true, least: 1 }), 200)
    .option('--temperature <number>', '0 takes the likeliest token', numberOption({ least: 0 }), 0.8)
    .option('--top-k <count>', 'sample among the so many likeliest tokens', numberOption({ whole: true, least: 1 }))
    .option('--seed <number>', 'decides what is drawn', numberOption({ whole: true, least: 0 }), 1)
    .addOption(backendOption())
    .addOption(threadsOption())
    .option('--json', 'tell each piece of text as a JSON object on a line')
    .option('--verbose', 'show where an error comes from')
    .addHelpText('after', examples)
    .action(async (options: GenerateOptions) => {
      const path = await findCheckpoint(options.run)
      await useEngine({ backend: options.backend, threads: options.threads })
      const checkpoint = await readCheckpoint(path)
      const { tokens, temperature, topK = null, seed } = options
      const print = (text: string) => process.stdout.write(options.json ? `${JSON.stringify({ text })}\n` : text)
      if (!options.json) print(options.prompt)
      for await (const piece of continueText(checkpoint, options.prompt, { tokens, temperature, topK, seed })) {
        print(piece)
      }
      if (!options.json) print('\n')
      disposeParameters(checkpoint.parameters)
    })
}

const examples = `
Examples:
  swat generate --run runs/moby-dick --prompt 'Call me'
  swat generate --run runs/moby-dick --prompt 'The whale' --tokens 500 --temperature 0.7 --top-k 40 --seed 3
  swat generate --run runs/moby-dick/checkpoints/step-000200 --prompt 'Ahab' --temperature 0`
