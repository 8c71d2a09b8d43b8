import { Command } from 'commander'
import { dataInspectCommand } from './data-inspect-command.js'
import { dataPrepareCommand } from './data-prepare-command.js'

/**
 * The command `swat data`, with a command of its own for each thing that is done to data.
 *
 * @param setExitCode - called with 130 when the work was interrupted
 * @param outputClosed - aborts when nobody reads the output any more
 */
export function dataCommand(setExitCode: (code: number) => void, outputClosed: AbortSignal): Command {
  const data = new Command('data').description(
    'Prepares text for training: documents to tokens to shards; and tells what it is like.',
  )
  const commands = [dataPrepareCommand(setExitCode, outputClosed), dataInspectCommand()]
  for (const command of commands) {
    data.addCommand(command.exitOverride().configureOutput({ outputError: () => {} }))
  }
  return data
}
