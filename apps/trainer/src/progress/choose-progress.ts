import { jsonProgress } from './json-progress.js'
import { lineProgress } from './line-progress.js'
import type { Progress } from './progress.js'
import { terminalProgress } from './terminal-progress.js'

/**
 * The progress that fits the output: JSON when asked for, a bar at a terminal, lines elsewhere.
 *
 * @param output - where to write
 * @param json - whether a program reads it
 */
export function chooseProgress(output: NodeJS.WriteStream, json: boolean): Progress {
  if (json) return jsonProgress(output)
  return output.isTTY ? terminalProgress(output) : lineProgress(output)
}
