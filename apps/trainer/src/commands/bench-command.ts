import { Command } from 'commander'
import { benchAttentionCommand } from './bench-attention-command.js'
import { benchDataCommand } from './bench-data-command.js'
import { benchDecodeCommand } from './bench-decode-command.js'
import { benchGenerateCommand } from './bench-generate-command.js'
import { benchMatMulCommand } from './bench-mat-mul-command.js'
import { benchRecallCommand } from './bench-recall-command.js'
import { benchTrainCommand } from './bench-train-command.js'

/** The command `swat bench`, with a command of its own for each benchmark. */
export function benchCommand(): Command {
  const bench = new Command('bench').description(
    'Measures attention, matrix products, generation, training and data: time and memory; and what models recall.',
  )
  const commands = [
    benchAttentionCommand(),
    benchDataCommand(),
    benchDecodeCommand(),
    benchGenerateCommand(),
    benchMatMulCommand(),
    benchRecallCommand(),
    benchTrainCommand(),
  ]
  for (const command of commands) {
    bench.addCommand(command.exitOverride().configureOutput({ outputError: () => {} }))
  }
  return bench
}
