import type { Progress } from './progress.js'

/**
 * Progress for programs: every event is one JSON object on a line of its own, but of how far a task has come no more
 * than its beginning, its end and an event now and then: learning a vocabulary has one for each merge.
 *
 * @param output - where to write
 * @param secondsBetween - the least time between two lines about a task
 */
export function jsonProgress(output: NodeJS.WritableStream, secondsBetween = 1): Progress {
  const shown = { task: '', at: -Infinity }
  return {
    report(event) {
      if (event.event === 'progress' || event.event === 'prepare') {
        const task = event.event === 'progress' ? event.task : event.event
        const isDue = task !== shown.task || performance.now() - shown.at >= secondsBetween * 1000
        const isEnd = event.event === 'progress' && event.done >= event.total
        if (!isDue && !isEnd) return
        Object.assign(shown, { task, at: performance.now() })
      }
      output.write(`${JSON.stringify(event)}\n`)
    },
    close() {},
  }
}
