import { Command, Option } from 'commander'
import { presetConfig, presetNames, type PresetName } from '@swat-js/models'
import type { BackendName } from '@swat-js/tensor-core'
import { backendOption } from './backend-option.js'
import { numberOption } from './number-option.js'
import { runBenchmark } from './run-benchmark.js'
import { threadsOption } from './threads-option.js'

interface BenchGenerateOptions {
  preset: PresetName
  backend: BackendName | 'auto'
  threads?: number
  tokens: number
  parts: number
  window?: number
  recomputed: number
  json?: string
}

/** The command `swat bench generate`. */
export function benchGenerateCommand(): Command {
  const count = numberOption({ whole: true, least: 1 })
  return new Command('generate')
    .description(
      'Speed and memory of generating a long text with a fresh model, beside computing the window each time.',
    )
    .addOption(new Option('--preset <name>', 'the model').choices(presetNames).default('nano'))
    .addOption(backendOption())
    .addOption(threadsOption())
    .option('--tokens <count>', 'tokens to generate', count, 100_000)
    .option('--parts <count>', 'parts of the text that are told apart', count, 10)
    .option('--window <count>', "number of keys a query sees, itself included (default: the preset's)", count)
    .option('--recomputed <count>', 'windows that are computed anew in each part', count, 20)
    .option('--json <file>', 'write machine, versions, options and rows as JSON')
    .option('--verbose', 'show where an error comes from')
    .addHelpText('after', examples)
    .action(async (options: BenchGenerateOptions) => {
      const { preset, window, tokens, parts, recomputed } = options
      const config = presetConfig(preset, window === undefined ? {} : { window })
      await runBenchmark(options, async (report) => {
        const { formatGeneration, measureGeneration } = await import('@swat-js/benchmarks')
        const sizes = { tokens, parts, recomputed }
        const processBytes = () => process.memoryUsage.rss()
        const benchmark = await measureGeneration({ config, name: preset, ...sizes, processBytes, report })
        return { benchmark, text: formatGeneration(benchmark) }
      })
    })
}

const examples = `
Examples:
  swat bench generate --backend wasm --window 256
  swat bench generate --backend webgpu --preset swat-340m --tokens 2000 --json generation.json`
