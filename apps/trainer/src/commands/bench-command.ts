import { Command } from 'commander'
import { benchAttentionCommand } from './bench-attention-command.js'
import { benchDecodeCommand } from './bench-decode-command.js'
import { benchMatMulCommand } from './bench-mat-mul-command.js'

/** The command `swat bench`, with a command of its own for each benchmark. */
export function benchCommand(): Command {
  const bench = new Command('bench').description(
    'Measures attention and matrix products: time and memory, correctness checked first.',
  )
  for (const command of [benchAttentionCommand(), benchDecodeCommand(), benchMatMulCommand()]) {
    bench.addCommand(command.exitOverride().configureOutput({ outputError: () => {} }))
  }
  return bench
}
