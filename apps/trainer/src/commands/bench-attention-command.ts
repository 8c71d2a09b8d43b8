import { Command } from 'commander'
import type { AttentionBenchmarkOptions } from '@swat-js/benchmarks'
import { attentionOptions, type AttentionOptions } from './attention-options.js'
import { numberOption } from './number-option.js'
import { numbersOption } from './numbers-option.js'
import { runBenchmark } from './run-benchmark.js'

interface BenchAttentionOptions extends AttentionOptions {
  lengths: number[]
  forwardOnly?: boolean
  baselines: boolean
  baselineBudget: number
  plot?: string
}

/** The command `swat bench attention`. */
export function benchAttentionCommand(): Command {
  const command = new Command('attention').description(
    'Time and memory of sliding-window attention by length, beside dense and full attention on the same engine.',
  )
  return attentionOptions(command)
    .option('--lengths <counts>', 'tokens of a sequence, with commas between', numbersOption(1), [1024, 4096])
    .option('--forward-only', 'leave the backward pass out')
    .option('--no-baselines', 'measure our own kernel only')
    .option(
      '--baseline-budget <seconds>',
      'what a baseline may take at each length; a slower one is measured smaller or skipped',
      numberOption({ least: 0.001 }),
      30,
    )
    .option('--rounds <count>', 'timed rounds', numberOption({ whole: true, least: 1 }), 7)
    .option('--plot <file>', 'draw time and memory against length as SVG')
    .option('--verbose', 'show where an error comes from')
    .addHelpText('after', examples)
    .action(async (options: BenchAttentionOptions) => {
      const { lengths, window, heads, kvHeads, headDim, batch, activation, precision, rounds } = options
      const { forwardOnly, baselines, baselineBudget } = options
      const sizes = { lengths, window, heads, headDim, batch, ...(kvHeads === undefined ? {} : { kvHeads }) }
      const measured: AttentionBenchmarkOptions = { ...sizes, activation, precision, baselines, baselineBudget, rounds }
      await runBenchmark(options, async (report) => {
        const { formatAttention, measureAttention } = await import('@swat-js/benchmarks')
        const { drawAttention } = await import('@swat-js/benchmarks/node')
        const benchmark = await measureAttention({ ...measured, forwardOnly: forwardOnly === true, report })
        return { benchmark, text: formatAttention(benchmark), plot: () => drawAttention(benchmark.rows) }
      })
    })
}

const examples = `
Examples:
  swat bench attention --backend wasm --lengths 1024,4096,16384 --heads 8
  swat bench attention --backend webgpu --precision mixed --lengths 1024,4096,16384 --json gpu.json --plot gpu.svg
  swat bench attention --backend webgpu --lengths 1048576 --no-baselines`
