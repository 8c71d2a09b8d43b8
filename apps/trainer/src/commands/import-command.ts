import { Command } from 'commander'
import { describeWindow } from '@swat-js/models'
import { useEngine } from '@swat-js/tensor-core'
import { importFolder } from '../hugging-face/import-folder.js'
import { commandName, shellWord } from '../progress/command-name.js'
import { wholeNumber } from '../progress/describe-event.js'

interface ImportCommandOptions {
  from: string
  to: string
  tokenizer?: string
}

/** The command `swat import`. */
export function importCommand(): Command {
  return new Command('import')
    .description('Reads a model that Python saved with transformers, to generate, evaluate and export it here.')
    .requiredOption('--from <folder>', 'the folder with config.json, model.safetensors and tokenizer.json')
    .requiredOption('--to <folder>', 'the checkpoint folder to make')
    .option('--tokenizer <file>', "a tokenizer.json, in place of the folder's")
    .option('--verbose', 'show where an error comes from')
    .addHelpText('after', examples)
    .action(async ({ from, to, tokenizer }: ImportCommandOptions) => {
      await useEngine({ backend: 'cpu' }) // nothing is computed
      const { model, parameters } = await importFolder({ from, to, ...(tokenizer !== undefined && { tokenizer }) })
      const lines = [
        `Imported  ${from} to ${to}`,
        `Model     ${wholeNumber(parameters)} parameters: ${model.layers} layers, width ${model.hiddenSize}, ` +
          `${model.heads} heads, ${describeWindow(model.window)}, ${model.activation}`,
        `Try       ${commandName(process.env)} generate --run ${shellWord(to)} --prompt 'Call me'`,
      ]
      process.stdout.write(`${lines.join('\n')}\n`)
    })
}

const examples = `
Examples:
  swat import --from downloads/swat-340m --to swat-340m
  swat generate --run swat-340m --prompt 'Call me'`
