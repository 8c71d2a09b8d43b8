import { describeEvent, describePrepare, duration, wholeNumber } from './describe-event.js'
import type { Progress } from './progress.js'
import { stepPace } from './step-pace.js'

/**
 * Progress for log files: plain lines, a step at most every few seconds besides the first and the last one.
 *
 * @param output - where to write
 * @param secondsBetween - the least time between two lines about steps or about a task
 */
export function lineProgress(output: NodeJS.WritableStream, secondsBetween = 5): Progress {
  const pace = stepPace()
  let steps = 0
  let shownAt = performance.now()
  const write = (text: string) => void output.write(`${text}\n`)
  const isDue = () => performance.now() - shownAt >= secondsBetween * 1000
  const show = (text: string) => {
    shownAt = performance.now()
    write(text)
  }
  return {
    report(event) {
      const text = describeEvent(event)
      if (text !== null) write(text)
      if (event.event === 'start') {
        steps = event.steps
        shownAt = -Infinity
      } else if (event.event === 'progress' && isDue()) {
        show(`${event.task}: ${wholeNumber(event.done)} of ${wholeNumber(event.total)}`)
      } else if (event.event === 'prepare' && isDue()) {
        show(describePrepare(event))
      } else if (event.event === 'step') {
        pace.add(event.step, event.seconds)
        if (!isDue() && event.step !== steps) return
        const left = pace.secondsLeft(steps)
        show(
          `step ${event.step}/${steps}  loss ${event.loss.toFixed(4)}  lr ${event.learningRate.toExponential(2)}  ` +
            `norm ${event.skipped ? 'overflow' : event.gradientNorm.toFixed(3)}  ${wholeNumber(Math.round(event.tokensPerSecond))} tokens/s` +
            (left === null || event.step === steps ? '' : `  ${duration(left)} left`),
        )
      }
    },
    close() {},
  }
}
