import { Command, Option } from 'commander'
import type { BackendName, Precision } from '@swat-js/tensor-core'
import { keepMatMulChoices, matMulChoicesFile } from '@swat-js/tensor-core/node'
import { backendOption } from './backend-option.js'
import { numberOption } from './number-option.js'
import { runBenchmark } from './run-benchmark.js'
import { type MatMulSizes, shapesOption } from './shapes-option.js'
import { threadsOption } from './threads-option.js'
import { tuningFileOption } from './tuning-file-option.js'

interface BenchMatMulOptions {
  backend: BackendName | 'auto'
  threads?: number
  precision: Precision
  shapes: MatMulSizes[]
  gradients?: boolean
  tune?: boolean
  tuningFile?: string
  rounds: number
  json?: string
}

/** The command `swat bench matmul`. */
export function benchMatMulCommand(): Command {
  return new Command('matmul')
    .description('Time of the matrix products of projections, forward and backward.')
    .addOption(backendOption())
    .addOption(threadsOption())
    .addOption(
      new Option('--precision <name>', 'what a GPU kernel may compute in')
        .choices(['float32', 'mixed'])
        .default('float32'),
    )
    .option('--shapes <sizes>', 'rows x outputs x inputs, with commas between', shapesOption, [
      { m: 1024, n: 1024, k: 1024 },
    ])
    .option('--gradients', 'measure the two products of the backward pass, too')
    .option('--tune', 'try every tiling of the device before, print what came out, use the fastest, and keep it')
    .addOption(tuningFileOption())
    .option('--rounds <count>', 'timed rounds', numberOption({ whole: true, least: 1 }), 7)
    .option('--json <file>', 'write machine, versions, options and rows as JSON')
    .option('--verbose', 'show where an error comes from')
    .addHelpText('after', examples)
    .action(async (options: BenchMatMulOptions) => {
      const { shapes, precision, rounds, gradients = false, tune = false } = options
      await runBenchmark(options, async (report) => {
        const { benchmarkMatMul, formatMatMul } = await import('@swat-js/benchmarks')
        const benchmark = await benchmarkMatMul({ shapes, gradients, precision, tune, rounds, report })
        if (tune) {
          const choices = benchmark.tuned.flatMap(({ choice }) => choice ?? [])
          await keepMatMulChoices(options.tuningFile ?? matMulChoicesFile(), choices)
        }
        return { benchmark, text: formatMatMul(benchmark) }
      })
    })
}

const examples = `
Examples:
  swat bench matmul --backend wasm --shapes 1024x1024x1024
  swat bench matmul --backend webgpu --precision mixed --shapes 8192x1024x1024,8192x2816x1024 --gradients --json products.json
  swat bench matmul --backend webgpu --precision mixed --shapes 4096x4096x4096 --tune`
