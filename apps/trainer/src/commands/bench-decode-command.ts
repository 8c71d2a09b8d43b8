import { Command } from 'commander'
import { attentionOptions, type AttentionOptions } from './attention-options.js'
import { numberOption } from './number-option.js'
import { numbersOption } from './numbers-option.js'
import { runBenchmark } from './run-benchmark.js'

interface BenchDecodeOptions extends AttentionOptions {
  positions: number[]
}

/** The command `swat bench decode`. */
export function benchDecodeCommand(): Command {
  const command = new Command('decode').description(
    'Time of one new token through the rolling cache, at near and far positions.',
  )
  return attentionOptions(command)
    .option('--positions <counts>', 'absolute positions, with commas between', numbersOption(0), [1000, 1_000_000])
    .option('--rounds <count>', 'timed rounds', numberOption({ whole: true, least: 1 }), 15)
    .option('--verbose', 'show where an error comes from')
    .addHelpText('after', examples)
    .action(async (options: BenchDecodeOptions) => {
      const { positions, window, heads, kvHeads, headDim, batch, activation, precision, rounds } = options
      const sizes = { positions, window, heads, headDim, batch, ...(kvHeads === undefined ? {} : { kvHeads }) }
      await runBenchmark(options, async (report) => {
        const { formatDecode, measureDecode } = await import('@swat-js/benchmarks')
        const benchmark = await measureDecode({ ...sizes, activation, precision, rounds, report })
        return { benchmark, text: formatDecode(benchmark) }
      })
    })
}

const examples = `
Examples:
  swat bench decode --backend wasm --heads 8 --window 128
  swat bench decode --backend webgpu --positions 1000,1000000,2147483648 --json decode.json`
