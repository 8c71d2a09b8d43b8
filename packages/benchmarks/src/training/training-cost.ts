import { layerWindows, parameterCount, type SwatConfig } from '@swat-js/models'
import { attentionCost } from '@swat-js/swat-attention'

/** Operations of a training step by kind; a multiply-add counts as two. */
export interface TrainingCost {
  /** Products with the weights of the blocks: 6 for each parameter and token (forward, and twice that backward). */
  blockOperations: number
  /** Product with the output matrix, forward and backward. */
  outputOperations: number
  /** Attention products over the visible pairs, forward and backward; what kernels compute again is not counted. */
  attentionOperations: number
  /** Sum of the three. */
  totalOperations: number
}

/**
 * Counts the operations that one sequence costs in training (spec 3.3).
 *
 * @param config - the model
 * @param length - tokens of the sequence
 * @returns the counts for one sequence, all layers
 */
export function trainingCost(config: SwatConfig, length: number): TrainingCost {
  const { heads, kvHeads, headDim, vocabSize, hiddenSize } = config
  const blockOperations = 6 * parameterCount(config).nonEmbedding * length
  const outputOperations = 6 * vocabSize * hiddenSize * length
  const attentionOperations = layerWindows(config)
    .map((window) => attentionCost({ length, window, heads, kvHeads, headDim }))
    .reduce((sum, cost) => sum + cost.forwardOperations + cost.backwardOperationsStored, 0)
  const totalOperations = blockOperations + outputOperations + attentionOperations
  return { blockOperations, outputOperations, attentionOperations, totalOperations }
}
