/** Where the rows of batches come from: one epoch of one source, cut into sequences. */
export interface Sequences {
  /** How many sequences an epoch has, the same in every epoch. */
  readonly count: number
  /**
   * Opens an epoch.
   *
   * @returns a function that fills one row of a batch with the sequence at a place of the epoch's order
   */
  openEpoch(epoch: number): (place: number, row: SequenceRow) => void
}

/** One row of a batch, all of one length, to be filled whole. */
export interface SequenceRow {
  /** Token ids. */
  inputs: Int32Array
  /** The token after each, or −100. */
  labels: Int32Array
  /** Which document's text a token belongs to, from 1; 0 = padding. Null where attention crosses documents. */
  segmentIds: Int32Array | null
}

/** The label of a token that has nothing to predict; the loss leaves it out. */
export const ignoredLabel = -100

/** The token in places that are only there to fill a row; nothing sees it and nothing is learned from it. */
export const paddingToken = 0
