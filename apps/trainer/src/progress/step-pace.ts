/** Tells how fast steps come in this session, and when the last will be done. */
export interface StepPace {
  /** Notes that a step is done; `seconds` is the run's clock of training time. */
  add(step: number, seconds: number): void
  /** Seconds until `steps` are done at the pace of this session, or null before two steps are known. */
  secondsLeft(steps: number): number | null
}

/** A pace without any steps yet. */
export function stepPace(): StepPace {
  let first: { step: number; seconds: number } | null = null
  let last = { step: 0, seconds: 0 }
  return {
    add(step, seconds) {
      last = { step, seconds }
      first ??= last
    },
    secondsLeft(steps) {
      if (first === null || last.step === first.step) return null
      return ((last.seconds - first.seconds) / (last.step - first.step)) * (steps - last.step)
    },
  }
}
