import { stat } from 'node:fs/promises'
import { Command, Option } from 'commander'
import { SwatError } from '@swat-js/tensor-core'
import { readRunConfig } from '../config/read-run-config.js'
import type { RunConfig } from '../config/run-config.js'
import { commandName, shellWord } from '../progress/command-name.js'
import { chooseProgress } from '../progress/choose-progress.js'
import { trainRun } from '../run.js'
import { readRunRecord } from '../run-folder/run-record.js'
import { backendNames } from './backend-option.js'
import { collect } from './collect.js'
import { threadsOption } from './threads-option.js'
import { watchSignals } from './watch-signals.js'

interface TrainOptions {
  set: string[]
  resume?: string | true
  name?: string
  backend?: string
  threads?: number
  precision?: string
  checkpointActivations?: true
  tune?: true
  batch?: string
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
    .addOption(new Option('--backend <name>', 'what computes').choices(backendNames))
    .addOption(threadsOption())
    .addOption(new Option('--precision <name>', 'how it multiplies').choices(['float32', 'mixed']))
    .option('--batch <count>', "sequences computed at a time, a divisor of training.batchSize, or 'auto': what fits")
    .option('--checkpoint-activations', 'less memory: compute activations again in the backward pass')
    .option('--tune', 'on webgpu: measure the tilings of the matrix products first, and use the fastest')
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
  const { resume, name } = options
  const set = [...options.set, ...shortcuts(options)]
  const command = `${commandName(process.env)} train`
  if (typeof resume === 'string' && (await isFile(resume))) {
    throw new SwatError('config', `--resume takes a run folder. Write: ${command} ${shellWord(resume)} --resume`)
  }
  if (path !== undefined) return readRunConfig(path, { set, ...(name === undefined ? {} : { name }) })
  if (typeof resume !== 'string') {
    throw new SwatError('config', `Give a configuration file, for example: ${command} recipes/moby-dick.yaml`)
  }
  if (set.length > 0 || name !== undefined) {
    throw new SwatError(
      'config',
      `--set, its short forms and --name need a configuration file: ${command} <file> --resume <run folder>`,
    )
  }
  const record = await readRunRecord(resume)
  if (record === null) throw new SwatError('run-missing', `There is no run in ${resume} to resume.`)
  return record.config
}

/** Options that stand for a `--set`. */
function shortcuts({ backend, threads, precision, batch, checkpointActivations, tune }: TrainOptions): string[] {
  return [
    ...(backend === undefined ? [] : [`engine.backend=${backend}`]),
    ...(threads === undefined ? [] : [`engine.threads=${threads}`]),
    ...(precision === undefined ? [] : [`engine.precision=${precision}`]),
    ...(batch === undefined ? [] : [`training.microBatchSize=${batch}`]),
    ...(checkpointActivations === undefined ? [] : ['training.checkpointActivations=true']),
    ...(tune === undefined ? [] : ['engine.tune=true']),
  ]
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
  swat train recipes/swat-340m.yaml --backend webgpu --precision mixed
  swat train recipes/moby-dick.yaml --resume
  swat train --resume runs/moby-dick`
