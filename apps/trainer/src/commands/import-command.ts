import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { describeWindow } from '@swat-js/models'
import { SwatError, useEngine } from '@swat-js/tensor-core'
import { downloadModel } from '../hugging-face/download-model.js'
import { expectNewFolder } from '../hugging-face/expect-new-folder.js'
import { importFolder } from '../hugging-face/import-folder.js'
import { chooseProgress } from '../progress/choose-progress.js'
import { commandName, shellWord } from '../progress/command-name.js'
import { wholeNumber } from '../progress/describe-event.js'

interface ImportCommandOptions {
  from: string
  to: string
  revision: string
  token?: string
  tokenizer?: string
}

/** The command `swat import`. */
export function importCommand(): Command {
  return new Command('import')
    .description('Reads a model that Python saved with transformers, to generate, evaluate and export it here.')
    .requiredOption('--from <folder>', 'with config.json, model.safetensors and tokenizer.json; or an id on the Hub')
    .requiredOption('--to <folder>', 'the checkpoint folder to make')
    .option('--revision <name>', 'on the Hub: a branch, tag or commit', 'main')
    .option('--token <token>', 'on the Hub: an access token, in place of HF_TOKEN')
    .option('--tokenizer <file>', "a tokenizer.json, in place of the folder's")
    .option('--verbose', 'show where an error comes from')
    .addHelpText('after', examples)
    .action(async ({ from, to, revision, token = process.env.HF_TOKEN, tokenizer }: ImportCommandOptions) => {
      await useEngine({ backend: 'cpu' }) // nothing is computed
      await expectNewFolder(to) // before anything is downloaded
      const { model, parameters, unusedTokens } = await withFolder(from, revision, token, (folder) =>
        importFolder({ from: folder, to, ...(tokenizer !== undefined && { tokenizer }) }),
      )
      const lines = [
        `Imported  ${from} to ${to}`,
        `Model     ${wholeNumber(parameters)} parameters: ${model.layers} layers, width ${model.hiddenSize}, ` +
          `${model.heads} heads, ${describeWindow(model.window)}, ${model.activation}`,
        ...(unusedTokens > 0
          ? [`Tokens    ${wholeNumber(unusedTokens)} that the tokenizer lacks are <|unused-…|> now`]
          : []),
        `Try       ${commandName(process.env)} generate --run ${shellWord(to)} --prompt 'Call me'`,
      ]
      process.stdout.write(`${lines.join('\n')}\n`)
    })
}

/** Gives a folder as it is, and a repository of the Hub in a folder that is gone afterwards. */
async function withFolder<T>(
  from: string,
  revision: string,
  token: string | undefined,
  read: (folder: string) => Promise<T>,
): Promise<T> {
  const isFolder = await stat(from).then(
    () => true,
    () => false,
  )
  if (isFolder) return read(from)
  if (!/^[\w-][\w.-]*\/[\w-][\w.-]*$/.test(from)) {
    throw new SwatError('import', `${from} is no folder, and no id on the Hub, which is owner/name. Give one of both.`)
  }
  const endpoint = process.env.HF_ENDPOINT
  const folder = await mkdtemp(join(tmpdir(), 'swat-hub-'))
  const progress = chooseProgress(process.stdout, false)
  try {
    await downloadModel({
      ...{ repository: from, to: folder, revision, ...(token && { token }), ...(endpoint && { endpoint }) },
      onProgress: (_, done, total) => progress.report({ event: 'progress', task: 'download', done, total }),
    })
    progress.close()
    return await read(folder)
  } finally {
    progress.close()
    await rm(folder, { recursive: true, force: true })
  }
}

const examples = `
HF_TOKEN is the access token, out of sight of other users of the machine, and HF_ENDPOINT the address of the Hub.

Examples:
  swat import --from downloads/swat-340m --to swat-340m
  swat import --from owner/swat-340m --to swat-340m --revision v1
  swat generate --run swat-340m --prompt 'Call me'`
