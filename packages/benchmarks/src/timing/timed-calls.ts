import { gpuInfo, tf, timeShaders } from '@swat-js/tensor-core'
import type { TimedCase, TimedResult } from './compare-interleaved.js'
import { median } from './median.js'
import { quartileDistance } from './quartile-distance.js'

/** Which clock measured: time stamps of the GPU, or the time from a call until its result is there. */
export type Clock = 'gpu' | 'wall'

/** Work on the active backend that can be done again and again. */
export interface Calls {
  /** Name, unique among what is compared. */
  name: string
  /** Does the work once; a GPU may still be at it when this returns. */
  call: () => void
  /** Waits until all that was called is done. */
  finish: () => Promise<void>
  /** Frees what the last calls left. */
  free: () => void
  /** Calls in a row that the wall clock measures together. */
  repeats: number
  /** Timed rounds. */
  rounds: number
}

/** The shortest time that the wall clock measures. */
const leastMs = 30
const mostRepeats = 50

/** How long a GPU works before its clock is read: an idle one slows down, an H200 from 1,980 to 345 MHz. */
const warmUpMs = 60

/**
 * How many calls in a row the wall clock must measure together.
 *
 * @param milliseconds - of one call
 * @returns from 1 to 50, so that together they take 30 ms
 */
export function repeatsFor(milliseconds: number): number {
  return Math.max(1, Math.min(mostRepeats, Math.round(leastMs / milliseconds)))
}

/**
 * The best clock of the active backend.
 *
 * @returns `gpu` where the GPU stamps times
 */
export function bestClock(): Clock {
  return tf.getBackend() === 'webgpu' && gpuInfo().features.has('timestamp-query') ? 'gpu' : 'wall'
}

/**
 * Cases for `compareInterleaved`: the wall clock over several calls and, where there is one, the GPU's clock over one.
 *
 * @param calls - the work
 * @returns one case or two
 */
export function timedCalls({ name, call, finish, free, repeats, rounds }: Calls): TimedCase[] {
  const callRepeatedly = async () => {
    const start = performance.now()
    for (let i = 1; i <= repeats; i++) {
      call()
      if (i === repeats) await finish()
      free()
    }
    return performance.now() - start
  }
  const wall: TimedCase = {
    name: caseName(name, 'wall'),
    rounds,
    run: async () => (await callRepeatedly()) / repeats,
  }
  if (bestClock() === 'wall') return [wall]
  const gpu: TimedCase = {
    name: caseName(name, 'gpu'),
    rounds,
    async run() {
      for (let busy = 0; busy < warmUpMs && !gpuInfo().software;) busy += await callRepeatedly()
      const { milliseconds } = await timeShaders(call)
      free()
      return milliseconds
    },
  }
  return [wall, gpu]
}

/** Median of the rounds by one clock, and their spread: the distance between the quartiles as a share of the median. */
export interface Timing {
  /** Milliseconds of a call, median. */
  ms: number
  /** Distance between the first and the third quartile as a share of the median. */
  spread: number
}

/**
 * What was measured by one clock.
 *
 * @param results - of `compareInterleaved`
 * @param name - of the calls
 * @param clock - which clock
 */
export function timingOf(results: readonly TimedResult[], name: string, clock: Clock): Timing {
  const { medianMs, roundsMs } = resultOf(results, name, clock)
  return { ms: medianMs, spread: quartileDistance(roundsMs) / medianMs }
}

/**
 * How many times longer some calls take than others, each round's times compared with each other.
 *
 * @param results - of `compareInterleaved`
 * @param name - of the calls
 * @param base - of the calls they are compared with
 * @param clock - which clock
 * @returns the median of the rounds' ratios
 */
export function roundRatio(results: readonly TimedResult[], name: string, base: string, clock: Clock): number {
  const [times, baseTimes] = [name, base].map((name) => resultOf(results, name, clock).roundsMs)
  return median(times.map((time, round) => time / baseTimes[round]))
}

function resultOf(results: readonly TimedResult[], name: string, clock: Clock): TimedResult {
  const result = results.find((result) => result.name === caseName(name, clock))
  if (result === undefined) throw new Error(`'${name}' was not timed by the ${clock} clock`)
  return result
}

function caseName(name: string, clock: Clock): string {
  return `${name}, ${clock}`
}
