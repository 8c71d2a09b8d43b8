import { dirname } from 'node:path'
import { Command } from 'commander'
import { readDocuments } from '@swat-js/data/node'
import { disposeParameters, type BackendName } from '@swat-js/tensor-core'
import { findCheckpoint } from '../checkpoints/find-checkpoint.js'
import { readCheckpoint } from '../checkpoints/read-checkpoint.js'
import { readRunRecord } from '../run-folder/run-record.js'
import { packText } from '../text/pack-text.js'
import { backendOption } from './backend-option.js'
import { numberOption } from './number-option.js'
import { numbersOption } from './numbers-option.js'
import { runBenchmark } from './run-benchmark.js'
import { threadsOption } from './threads-option.js'

interface InspectOptions {
  run: string
  text: string[]
  from: number
  tokens: number
  sequences: number
  epsilon: number
  places: number
  context?: number
  layers?: number[]
  heads?: number[]
  mapTokens: number
  backend: BackendName | 'auto'
  threads?: number
  json?: string
  plot?: string
}

/** The command `swat inspect`. */
export function inspectCommand(): Command {
  const count = numberOption({ whole: true, least: 1 })
  return new Command('inspect')
    .description('Looks into a trained model while it reads a text: attention, sinks, variance, receptive field.')
    .requiredOption('--run <folder>', 'a run folder, for its latest checkpoint, or a checkpoint')
    .requiredOption('--text <path...>', 'files or folders with the text to read')
    .option('--from <place>', 'first token whose attention is described', numberOption({ whole: true, least: 0 }), 0)
    .option('--tokens <count>', 'how many of them', numberOption({ whole: true, least: 2 }), 256)
    .option('--sequences <count>', 'sequences of 64 tokens on which sinks are counted, at most', count, 100)
    .option('--epsilon <share>', 'from which attention on a key is a sink', numberOption({ least: 0 }), 0.3)
    .option('--places <count>', 'places at which influence and loss are measured', count, 16)
    .option('--context <count>', 'tokens they look back on; without it the receptive field, 512 at most', count)
    .option('--layers <places>', 'layers of the maps, from 0 on, with commas between; without it first and last', list)
    .option('--heads <places>', 'heads of the maps, alike', list)
    .option('--map-tokens <count>', 'queries of a map', count, 48)
    .addOption(backendOption())
    .addOption(threadsOption())
    .option('--json <file>', 'write everything that was found as JSON')
    .option('--plot <file>', 'draw attention maps and curves as SVG')
    .option('--verbose', 'show where an error comes from')
    .addHelpText('after', examples)
    .action(async ({ run, text, layers, heads, ...options }: InspectOptions) => {
      const path = await findCheckpoint(run)
      const documents = await readDocuments({ path: text })
      const record = await readRunRecord(dirname(dirname(path)))
      await runBenchmark(options, async (report) => {
        const { formatInspection, inspectModel } = await import('@swat-js/benchmarks')
        const { drawInspection } = await import('@swat-js/benchmarks/node')
        const { parameters, model, tokenizer } = await readCheckpoint(path)
        try {
          const { tokens } = packText(documents, tokenizer, record?.config.tokenizer.endOfDocument ?? null)
          const { from, sequences, epsilon, places, context, mapTokens } = options
          const inspection = await inspectModel(parameters, model, tokens, {
            ...{ from, tokens: options.tokens, sequences, epsilon, places, context, mapTokens },
            ...{ mapLayers: layers, mapHeads: heads },
            onProgress: (done, total) => report({ event: 'progress', task: 'inspection', done, total }),
          })
          const benchmark = { checkpoint: path, ...inspection }
          return { benchmark, text: formatInspection(inspection), plot: () => drawInspection(inspection) }
        } finally {
          disposeParameters(parameters)
        }
      })
    })
}

const list = numbersOption(0)

const examples = `
The text is one stream: attention in the middle of it, with --from, has all the context before. What the columns mean
stands below each table, and in docs/inspection.md.

Examples:
  swat inspect --run runs/moby-dick --text another-book.txt
  swat inspect --run runs/moby-dick --text book.txt --from 5000 --json inspection.json --plot inspection.svg
  swat inspect --run runs/moby-dick --text book.txt --layers 0,2,4 --heads 0,1,2,3 --plot maps.svg`
