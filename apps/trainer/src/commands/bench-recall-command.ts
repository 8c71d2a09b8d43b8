import { Command } from 'commander'
import type { BackendName } from '@swat-js/tensor-core'
import { backendOption } from './backend-option.js'
import { numberOption } from './number-option.js'
import { numbersOption } from './numbers-option.js'
import { runBenchmark } from './run-benchmark.js'
import { threadsOption } from './threads-option.js'

interface BenchRecallOptions {
  layers: number[]
  window: number
  distances?: number[]
  distractors: number
  steps: number
  batch: number
  learningRate: number
  examples: number
  seed: number
  backend: BackendName | 'auto'
  threads?: number
  json?: string
}

/** The command `swat bench recall`. */
export function benchRecallCommand(): Command {
  const count = numberOption({ whole: true, least: 1 })
  const fromZero = numberOption({ whole: true, least: 0 })
  return new Command('recall')
    .description('Trains small models to recall the value of a key, and tells how far back each of them can.')
    .option('--layers <counts>', 'a model for each, with commas between', numbersOption(1), [1, 2, 3])
    .option('--window <count>', 'number of keys a query sees, itself included', count, 8)
    .option('--distances <counts>', 'from question to value; without it the edges of what is seen', numbersOption(1))
    .option('--distractors <count>', 'pairs that nobody asks for', fromZero, 0)
    .option('--steps <count>', 'updates of each model', count, 400)
    .option('--batch <count>', 'examples of an update', count, 32)
    .option('--learning-rate <number>', 'at most', numberOption({ least: 0 }), 0.005)
    .option('--examples <count>', 'others to test on', count, 1000)
    .option('--seed <number>', 'of parameters and examples', fromZero, 0)
    .addOption(backendOption())
    .addOption(threadsOption())
    .option('--json <file>', 'write machine, versions, options and rows as JSON')
    .option('--verbose', 'show where an error comes from')
    .addHelpText('after', examples)
    .action(async (options: BenchRecallOptions) => {
      const { layers, window, distances, distractors, steps, batch, learningRate, seed } = options
      await runBenchmark(options, async (report) => {
        const { formatRecall, measureRecall } = await import('@swat-js/benchmarks')
        const benchmark = await measureRecall({
          ...{ layers, window, distances, distractors, steps, batchSize: batch, learningRate, seed },
          ...{ examples: options.examples, report },
        })
        return { benchmark, text: formatRecall(benchmark) }
      })
    })
}

const examples = `
Examples:
  swat bench recall --backend wasm
  swat bench recall --backend wasm --layers 2 --distances 4,8,12,16 --distractors 4 --steps 3000`
