import type { RunEvent } from './run-event.js'

/** Shows a run to somebody: a person at a terminal, a log file or a program. */
export interface Progress {
  /** Takes the next event. */
  report(event: RunEvent): void
  /** Leaves the output tidy; nothing is reported afterwards. */
  close(): void
}
