import { Command, InvalidArgumentError } from 'commander'
import { writeFileAtomic } from '@swat-js/tensor-core/node'
import { comparedModels } from '../comparison/compared-models.js'
import { compareModels } from '../comparison/compare-models.js'
import { readRunConfig } from '../config/read-run-config.js'
import { chooseProgress } from '../progress/choose-progress.js'
import { versions } from '../versions.js'
import { collect } from './collect.js'
import { expectWritable } from './expect-writable.js'
import { watchSignals } from './watch-signals.js'

interface CompareOptions {
  models: string[]
  learningRates: number[]
  set: string[]
  json?: string
}

/**
 * The command `swat compare`.
 *
 * @param setExitCode - called with 130 when it was interrupted
 * @param outputClosed - aborts when nobody reads the output any more, which interrupts it like a signal
 */
export function compareCommand(setExitCode: (code: number) => void, outputClosed: AbortSignal): Command {
  return new Command('compare')
    .description('Trains models on the same tokens with as many parameters each, and tells how well they predict.')
    .argument('<config>', 'the recipe of all runs; the parameters of its model are what the others get')
    .option('--models <names>', `some of ${Object.keys(comparedModels).join(',')}`, names, Object.keys(comparedModels))
    .option(
      '--learning-rates <numbers>',
      'each model is trained with each of them',
      numbers,
      [0.0025, 0.005, 0.01, 0.02],
    )
    .option('--set <key=value>', 'set a value of the configuration (YAML); may be repeated', collect, [])
    .option('--json <file>', 'write versions, configuration and rows as JSON')
    .option('--verbose', 'show where an error comes from')
    .addHelpText('after', examples)
    .action(async (path: string, { models, learningRates, set, json }: CompareOptions) => {
      const folder = ['output.folder=runs/compare', 'training.maxMinutes=null'] // equal tokens, however long it takes
      const config = await readRunConfig(path, { set: [...folder, ...set] })
      if (json !== undefined) await expectWritable(json)
      const { formatComparison } = await import('@swat-js/benchmarks')
      const progress = chooseProgress(process.stdout, false)
      const signals = watchSignals((text) => progress.report({ event: 'notice', text }))
      const signal = AbortSignal.any([signals.signal, outputClosed])
      signals.watch()
      try {
        const rows = await compareModels({
          ...{ config, models, learningRates, signal },
          report: (event) => progress.report(event),
          onNotice: (text) => progress.report({ event: 'notice', text }),
        })
        if (signal.aborted) setExitCode(130)
        progress.close()
        process.stdout.write(`\n${formatComparison(rows)}\n`)
        if (json !== undefined) {
          await writeFileAtomic(json, `${JSON.stringify({ versions: versions(), config, rows }, null, 2)}\n`)
          process.stdout.write(`Written: ${json}\n`)
        }
      } finally {
        progress.close()
      }
    })
}

function names(text: string): string[] {
  return text.split(',').map((name) => name.trim())
}

function numbers(text: string): number[] {
  const values = text.split(',').map(Number)
  if (values.every((value) => value > 0 && Number.isFinite(value))) return values
  throw new InvalidArgumentError('Expected positive numbers with commas between, for example 0.005,0.01.')
}

const examples = `
Finished runs stay in runs/compare and are not trained again, so that it can be stopped and started, or done in parts.

Examples:
  swat compare recipes/moby-dick.yaml
  swat compare recipes/moby-dick.yaml --models swat,transformer++ --learning-rates 0.01 --json compare.json`
