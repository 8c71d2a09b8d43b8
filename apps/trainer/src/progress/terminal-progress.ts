import { Presets, SingleBar } from 'cli-progress'
import { describeEvent, describePrepare, duration, wholeNumber } from './describe-event.js'
import type { Progress } from './progress.js'
import { stepPace } from './step-pace.js'

/**
 * Progress for a person at a terminal: a bar at the bottom, everything else above it.
 *
 * @param output - a terminal
 */
export function terminalProgress(output: NodeJS.WritableStream): Progress {
  const pace = stepPace()
  let steps = 0
  let shown: { bar: SingleBar; format: string } | null = null

  function hide(): void {
    shown?.bar.stop()
    shown = null
  }
  function show(format: string, done: number, total: number, values: Record<string, string> = {}): void {
    if (shown?.format !== format) {
      hide()
      const settings = { format, stream: output, clearOnComplete: true, barsize: 24, fps: 10 }
      const bar = new SingleBar({ ...settings, linewrap: true, gracefulExit: false }, Presets.shades_classic)
      bar.start(total, done, values)
      shown = { bar, format }
    }
    shown.bar.update(done, values)
  }

  return {
    report(event) {
      const text = describeEvent(event)
      if (text !== null) {
        hide()
        output.write(`${text}\n`)
      }
      if (event.event === 'start') {
        steps = event.steps
      } else if (event.event === 'progress') {
        show(`${event.task} {bar} {value}/{total}`, event.done, event.total)
        if (event.done >= event.total) hide()
      } else if (event.event === 'prepare') {
        const figures = describePrepare(event)
        const { bytesRead, bytesTotal } = event
        if (bytesTotal === null) show('{figures}', 0, 1, { figures })
        else show('{bar} {percentage} %  {figures}', Math.min(bytesRead, bytesTotal), bytesTotal, { figures })
      } else if (event.event === 'step') {
        pace.add(event.step, event.seconds)
        const left = pace.secondsLeft(steps)
        show('{bar} {value}/{total} loss {loss} lr {rate} norm {norm} {speed} tok/s {left}', event.step, steps, {
          loss: event.loss.toFixed(4),
          rate: event.learningRate.toExponential(2),
          norm: event.skipped ? 'overflow' : event.gradientNorm.toFixed(3),
          speed: wholeNumber(Math.round(event.tokensPerSecond)),
          left: left === null ? '' : `${duration(left)} left`,
        })
        if (event.step === steps) hide()
      }
    },
    close: hide,
  }
}
