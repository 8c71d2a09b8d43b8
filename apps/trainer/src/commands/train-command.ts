import { stat } from 'node:fs/promises'
import { Command } from 'commander'
import { SwatError } from '@swat-js/tensor-core'
import { readRunConfig } from '../config/read-run-config.js'
import type { RunConfig } from '../config/run-config.js'
import { commandName, shellWord } from '../progress/command-name.js'
import { chooseProgress } from '../progress/choose-progress.js'
import { trainRun } from '../run.js'
import { readRunRecord } from '../run-folder/run-record.js'
import { collect } from './collect.js'
import { watchSignals } from './watch-signals.js'

interface TrainOptions {
  set: string[]
  resume?: string | true
  name?: string
  json?: boolean
}

/**
 * The command `swat train`.
 *
 * @param setExitCode - called with 130 when the run was interrupted
 * @param outputClosed - aborts when nobody reads the output any more, which interrupts the run like a signal
 */
export function trainCommand(setExitCode: (code: number) => void, outputClosed: AbortSignal): Command {
  return new Command('train')
    .description('Trains a model as a configuration file says, into a run folder.')
    .argument('[config]', 'a YAML or JSON file; may be left out with --resume <run folder>')
    .option('--set <key=value>', 'set a value of the configuration (YAML); may be repeated', collect, [])
    .option('--resume [run folder]', 'go on from the latest checkpoint of the run')
    .option('--name <name>', 'name of the run, and of its folder')
    .option('--json', 'tell progress as one JSON object a line')
    .option('--verbose', 'show where an error comes from')
    .addHelpText('after', examples)
    .action(async (path: string | undefined, options: TrainOptions) => {
      const config = await configuration(path, options)
      const progress = chooseProgress(process.stdout, options.json === true)
      const signals = watchSignals((text) => progress.report({ event: 'notice', text }))
      try {
        const summary = await trainRun(config, {
          resume: options.resume ?? false,
          signal: AbortSignal.any([signals.signal, outputClosed]),
          report(event) {
            progress.report(event)
            if (event.event === 'start') signals.watch()
          },
        })
        if (summary.reason === 'interrupted') setExitCode(130)
      } finally {
        progress.close()
      }
    })
}

async function configuration(path: string | undefined, options: TrainOptions): Promise<RunConfig> {
  const { resume, set, name } = options
  const command = `${commandName(process.env)} train`
  if (typeof resume === 'string' && (await isFile(resume))) {
    throw new SwatError('config', `--resume takes a run folder. Write: ${command} ${shellWord(resume)} --resume`)
  }
  if (path !== undefined) return readRunConfig(path, { set, ...(name === undefined ? {} : { name }) })
  if (typeof resume !== 'string') {
    throw new SwatError('config', `Give a configuration file, for example: ${command} recipes/moby-dick.yaml`)
  }
  if (set.length > 0 || name !== undefined) {
    throw new SwatError('config', `--set and --name need a configuration file: ${command} <file> --resume <run folder>`)
  }
  const record = await readRunRecord(resume)
  if (record === null) throw new SwatError('run-missing', `There is no run in ${resume} to resume.`)
  return record.config
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  )
}

const examples = `
Examples:
  swat train recipes/moby-dick.yaml
  swat train recipes/moby-dick.yaml --name wide --set model.window=128 --set training.steps=1000
  swat train recipes/moby-dick.yaml --set 'data={path: my-book.txt}' --name my-book
  swat train recipes/moby-dick.yaml --resume
  swat train --resume runs/moby-dick`
