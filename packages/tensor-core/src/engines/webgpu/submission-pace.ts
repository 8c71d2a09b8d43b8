/** Dispatches of a submission: as few as TensorFlow.js sends on its own, and as many as were seen to help. */
const [fewest, most] = [15, 256]

/** How long the GPU should work on a submission, in milliseconds: systems reset a GPU that stays away for seconds. */
const submissionTime = 50

/**
 * How many dispatches to submit at a time. Each submission costs the host about half a millisecond and the GPU a gap,
 * so a fast GPU gets many at a time; a slow one gets few, as the system takes it for hung otherwise. The rate comes
 * from the GPU itself: what it finished between two moments at which it was heard of.
 */
export class SubmissionPace {
  #size = fewest
  #submitted = 0
  #finished = { dispatches: 0, at: 0 }
  #watched: { dispatches: number; from: number } | null = null

  /** Dispatches to submit at a time from now on. */
  get size(): number {
    return this.#size
  }

  /**
   * To be called with each submission.
   *
   * @param dispatches - how many it holds
   * @param now - the time, in milliseconds
   * @returns whether {@link finished} wants to hear when the GPU is done with it
   */
  submitted(dispatches: number, now: number): boolean {
    this.#submitted += dispatches
    if (this.#watched) return false
    this.#watched = { dispatches: this.#submitted, from: now }
    return true
  }

  /**
   * To be called when the GPU has done the submission that {@link submitted} wanted to hear of.
   *
   * @param now - the time, in milliseconds
   */
  finished(now: number): void {
    if (!this.#watched) return
    const { dispatches, from } = this.#watched
    const elapsed = now - Math.max(from, this.#finished.at)
    const done = dispatches - this.#finished.dispatches
    this.#size = Math.min(most, Math.max(fewest, Math.floor((done / elapsed) * submissionTime)))
    this.#finished = { dispatches, at: now }
    this.#watched = null
  }
}
