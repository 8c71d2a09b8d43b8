import type { Progress } from './progress.js'

/**
 * Progress for programs: every event is one JSON object on a line of its own.
 *
 * @param output - where to write
 */
export function jsonProgress(output: NodeJS.WritableStream): Progress {
  return {
    report: (event) => void output.write(`${JSON.stringify(event)}\n`),
    close() {},
  }
}
