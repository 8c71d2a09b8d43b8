import { Command, CommanderError } from 'commander'
import { withoutFunctionNames } from '../messages/without-function-names.js'
import { trainerVersion } from '../versions.js'
import { benchCommand } from './bench-command.js'
import { compareCommand } from './compare-command.js'
import { configCommand } from './config-command.js'
import { dataCommand } from './data-command.js'
import { evalCommand } from './eval-command.js'
import { exportCommand } from './export-command.js'
import { generateCommand } from './generate-command.js'
import { importCommand } from './import-command.js'
import { inspectCommand } from './inspect-command.js'
import { planCommand } from './plan-command.js'
import { trainCommand } from './train-command.js'
import { watchOutput } from './watch-output.js'

/**
 * Runs the command `swat`.
 *
 * @param args - what follows the command's name
 * @returns the exit code: 0 done, 1 failed (one message on standard error), 130 stopped by a signal
 */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  let exitCode = 0
  const setExitCode = (code: number) => {
    exitCode = code
  }
  const program = new Command('swat')
    .description('Trains, evaluates, samples and measures language models with sigmoid sliding-window attention.')
    .version(trainerVersion())
    .exitOverride()
    .configureOutput({ outputError: () => {} })
    .showSuggestionAfterError()
  const outputClosed = watchOutput(process.stdout)
  const leaveWithReader = () => outputClosed.addEventListener('abort', () => process.exit(0))
  const readOnly = [
    generateCommand(),
    evalCommand(),
    configCommand(),
    inspectCommand(),
    planCommand(),
    exportCommand(),
    importCommand(),
    benchCommand(),
  ]
  for (const command of readOnly) command.hook('preAction', leaveWithReader)
  const training = [trainCommand, compareCommand, dataCommand].map((make) => make(setExitCode, outputClosed))
  for (const command of [...training, ...readOnly]) {
    program.addCommand(command.exitOverride().configureOutput({ outputError: () => {} }))
  }
  try {
    await program.parseAsync(args, { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0
    if (error instanceof CommanderError && error.code === 'commander.help') return 1
    process.stderr.write(`swat: ${explain(error, args.includes('--verbose'))}\n`)
    return 1
  }
}

function explain(error: unknown, verbose: boolean): string {
  if (!(error instanceof Error)) return String(error)
  if (verbose) return error.stack ?? error.message
  // The engine's own errors can carry megabytes of source text.
  const message = withoutFunctionNames(error.message.replace(/^error: /, '')).replace(/\s*\n\s*/g, ' ')
  return message.length > 2000 ? `${message.slice(0, 2000)} … (--verbose shows all of it)` : message
}
