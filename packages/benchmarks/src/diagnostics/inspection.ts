import type { SwatConfig } from '@swat-js/models'
import type { KernelPolicy } from '@swat-js/tensor-core'
import type { Correlation } from './correlation.js'
import type { RowStatistics } from './row-statistics.js'

/** What is inspected, and on how much text. */
export interface InspectionOptions {
  /** First token whose attention is described; default 0. */
  from?: number
  /** Tokens whose attention and variance are described; default 256, or as many as there are. */
  tokens?: number
  /** Sequences on which sinks are counted; default 100, or as many as the text has. */
  sequences?: number
  /** Tokens of each of them; default 64. */
  sequenceLength?: number
  /** From which attention on a key is a sink; default 0.3. */
  epsilon?: number
  /** Places of the text at which influence and loss are measured, evenly spread; default 16. */
  places?: number
  /** Tokens before a place that influence and loss look back on; default the receptive field, 512 at most. */
  context?: number
  /** Layers of the maps; default the first and the last. */
  mapLayers?: readonly number[]
  /** Heads of the maps; default the first and the last. */
  mapHeads?: readonly number[]
  /** Queries of a map, from `from` on; default 48. */
  mapTokens?: number
  /** Called with the units of work done and in all. */
  onProgress?: (done: number, total: number) => void
  /** Which kernels run. */
  kernels?: KernelPolicy
}

/** What a model does with a text, as plain data (spec 8). */
export interface Inspection {
  /** The model. */
  model: Pick<SwatConfig, 'layers' | 'heads' | 'activation' | 'window'>
  /** Tokens of the whole text. */
  textTokens: number
  /** The stretch that `layers` describe. */
  stretch: {
    /** Its first token. */
    from: number
    /** One past its last. */
    to: number
  }
  /** One for each layer. */
  layers: LayerInspection[]
  /** How much of attention goes to the first tokens of short texts; null where the text is shorter than one of them. */
  sinks: SinkInspection | null
  /** How far back the model looks. */
  receptiveField: ReceptiveFieldInspection
  /** Attention weights of some heads, for drawing. */
  maps: AttentionMap[]
}

/** One layer on the stretch. */
export interface LayerInspection {
  /** Which one, from 0 on. */
  layer: number
  /** Number of keys a query sees, itself included; null = every earlier key. */
  window: number | null
  /** Variance over channels of the hidden state that enters it, token by token. */
  variance: number[]
  /** Attention that each token receives, mean over the heads and over the queries that see it. */
  received: number[]
  /** How variance and received attention go together. */
  correlation: Correlation
  /** One for each head. */
  heads: HeadInspection[]
}

/** One head on the stretch. */
export interface HeadInspection {
  /** Which one, from 0 on. */
  head: number
  /** Queries that the means are over: those with a full window, else all from the second on. */
  rows: number
  /** Means over these queries. */
  statistics: RowStatistics
  /** How variance and the attention received in this head go together. */
  correlation: Correlation
  /** Softmax only: how far the largest logit is above the mean; null for sigmoid, where weights do not compete. */
  largestLogit: {
    /** Standard deviation of the logits of a query, mean. */
    sigma: number
    /** What was found. */
    gap: number
    /** `σ√(2 ln L)`. */
    predictedGap: number
    /** What independent normal logits would have. */
    expectedGap: number
  } | null
}

/** Attention sinks (spec 8.1). All scores are shares of the heads of all layers of all sequences. */
export interface SinkInspection {
  /** Number of sequences. */
  sequences: number
  /** Tokens of each. */
  length: number
  /** From which attention on a key is a sink. */
  epsilon: number
  /** Whether rows were divided by their sums, as for sigmoid. */
  normalisedRows: boolean
  /** The usual score of the first token: over all queries, whether they see it or not. */
  first: number
  /** The same over the queries that see it. */
  firstWhereVisible: number
  /** Of the first key that each query still has in its window. */
  firstInWindow: number
  /** The usual score of each place, from the first on. */
  keys: number[]
  /** `first`, `firstWhereVisible` and `firstInWindow` of each layer alone. */
  layers: Pick<SinkInspection, 'first' | 'firstWhereVisible' | 'firstInWindow'>[]
}

/** How far back a model looks (spec 8.4). */
export interface ReceptiveFieldInspection {
  /** `1 + Σ (window − 1)` tokens; null = no limit. */
  theoretical: number | null
  /** Outputs from a changed token to the last that changes. */
  measured: number
  /** Tokens that there were from the changed one on: `measured` cannot be more. */
  measuredWithin: number
  /** Influence of the tokens up to one on the loss at it. */
  influence: {
    /** Number of places. */
    places: number
    /** Mean norm of the gradient by distance, from 0 on. */
    norms: number[]
    /** The smallest distance that holds half of the sum. */
    half: number
    /** The smallest distance that holds 95 % of it. */
    most: number
  }
  /** Loss by the number of tokens given. */
  loss: {
    /** Number of places. */
    places: number
    /** Tokens given. */
    contexts: number[]
    /** Mean loss, nats a token. */
    losses: number[]
  }
}

/** Weights of one head, without what no query sees. */
export interface AttentionMap {
  /** Which layer. */
  layer: number
  /** Which head. */
  head: number
  /** Place of each query in the text. */
  queries: number[]
  /** For each query the places of the keys it sees. */
  keys: number[][]
  /** The weights, alike. */
  weights: number[][]
}
