import type { AttentionActivation, AttentionTerm } from '../../op/contract.js'

/**
 * One dispatch of the attention: rows of a tile stay with a workgroup, columns stream past them. `output` and
 * `queryGradient` have queries as rows and keys as columns, `keyGradient` the other way round.
 */
export type PassName = 'output' | 'queryGradient' | 'keyGradient'

/** What is written into a shader's text: everything else is read at run time. */
export interface PassSettings {
  /** Which pass. */
  pass: PassName
  /** Size of a head. */
  headDim: number
  /** What turns logits into weights. */
  activation: AttentionActivation
  /** The terms that take part. */
  terms: readonly AttentionTerm[]
  /** The terms whose gradients `queryGradient` writes. */
  wanted: readonly AttentionTerm[]
  /** Whether a window is set. */
  windowed: boolean
  /** Whether first keys stay visible. */
  sinks: boolean
  /** Whether only pairs of one segment are visible. */
  segments: boolean
  /** Whether the sequences of the batch stand at different positions. */
  ownPositions: boolean
}

/** A tensor that a pass reads tile by tile, `[batch, length, heads, headDim]`. */
export interface TileSource {
  /** Name of its binding. */
  binding: string
  /** Whether it is read along the queries or along the keys. */
  along: 'queries' | 'keys'
}

const queries: TileSource = { binding: 'queries', along: 'queries' }
const keys: TileSource = { binding: 'keys', along: 'keys' }
const values: TileSource = { binding: 'values', along: 'keys' }
const outputGradient: TileSource = { binding: 'outputGradient', along: 'queries' }

/** What a pass multiplies. */
export interface PassPlan {
  /** Row operands: product i is rows[i] · columns[i]ᵀ. */
  rows: readonly TileSource[]
  /** Column operands. */
  columns: readonly [TileSource, TileSource]
  /**
   * Sums over columns: weight i times columns[of], scaled at the end where `scaled`. The weight is the attention's, or
   * the gradient of the logit.
   */
  sums: readonly { output: string; of: 0 | 1; scaled: boolean; weight: 'attention' | 'logitGradient' }[]
}

/** The three passes (spec 3.1). */
export const passes: Record<PassName, PassPlan> = {
  output: {
    rows: [queries],
    columns: [keys, values],
    sums: [{ output: 'output', of: 1, scaled: false, weight: 'attention' }],
  },
  queryGradient: {
    rows: [queries, outputGradient],
    columns: [keys, values],
    sums: [{ output: 'queryGradient', of: 0, scaled: true, weight: 'logitGradient' }],
  },
  keyGradient: {
    rows: [keys, values],
    columns: [queries, outputGradient],
    sums: [
      { output: 'valueGradient', of: 1, scaled: false, weight: 'attention' },
      { output: 'keyGradient', of: 0, scaled: true, weight: 'logitGradient' },
    ],
  },
}
