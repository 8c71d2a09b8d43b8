import { layerWindows, parameterCount, type SwatConfig } from '@swat-js/models'
import { attentionCost } from '@swat-js/swat-attention'
import { SwatError } from '@swat-js/tensor-core'

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
 * @throws SwatError `config` when the mixer is a recurrence
 */
export function trainingCost(config: SwatConfig, length: number): TrainingCost {
  const { mixer, heads, kvHeads, headDim, vocabSize, hiddenSize } = config
  if (mixer !== 'attention') {
    throw new SwatError(
      'config',
      `trainingCost: the operations of the mixer ${mixer} are not counted, only those of attention. Time a step instead.`,
    )
  }
  const blockOperations = 6 * parameterCount(config).nonEmbedding * length
  const outputOperations = 6 * vocabSize * hiddenSize * length
  const attentionOperations = layerWindows(config)
    .map((window) => attentionCost({ length, window, heads, kvHeads, headDim }))
    .reduce((sum, cost) => sum + cost.forwardOperations + cost.backwardOperationsStored, 0)
  const totalOperations = blockOperations + outputOperations + attentionOperations
  return { blockOperations, outputOperations, attentionOperations, totalOperations }
}
