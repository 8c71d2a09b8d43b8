import { SwatError } from '@swat-js/tensor-core'
import type { SwatConfig } from '../config/swat-config.js'
import type { SwatParameters } from '../swat-transformer/model.js'
import { readHiddenStates, type HiddenStatesOptions } from './read-hidden-states.js'

/** How a text becomes one vector. */
export interface EmbeddingOptions extends Omit<HiddenStatesOptions, 'everyBlock'> {
  /**
   * `mean` (default): the mean over all tokens. `last`: the last token, which sees its windows alone:
   * `layers · (window − 1)` tokens before it at most.
   */
  pooling?: 'mean' | 'last'
}

/**
 * One vector for a text: its hidden states after the last norm, pooled. Not scaled to length 1. Memory does not grow
 * with the text.
 *
 * @param parameters - the weights
 * @param config - the model they belong to
 * @param ids - token ids, at least one
 * @param options - see {@link EmbeddingOptions}
 * @returns `[hidden]`
 * @throws SwatError `hidden-states` when there is no token or an option makes no sense, `token-id` when a token is not
 * in the vocabulary
 */
export async function embedTokens(
  parameters: SwatParameters,
  config: SwatConfig,
  ids: ArrayLike<number>,
  options: EmbeddingOptions = {},
): Promise<Float32Array> {
  const { pooling = 'mean', chunk, kernels } = options
  if (pooling !== 'mean' && pooling !== 'last') {
    throw new SwatError('hidden-states', `embedTokens: pooling must be 'mean' or 'last', but is '${String(pooling)}'.`)
  }
  if (ids.length === 0) {
    throw new SwatError('hidden-states', 'embedTokens: the text must have a token at least. Begin with a start token.')
  }
  const { hiddenSize } = config
  const sums = new Float64Array(hiddenSize)
  let last = new Float32Array(hiddenSize)
  for await (const { hidden } of readHiddenStates(parameters, config, ids, { chunk, kernels })) {
    for (let i = 0; i < hidden.length; i++) sums[i % hiddenSize] += hidden[i]
    last = hidden.slice(-hiddenSize)
  }
  return pooling === 'last' ? last : Float32Array.from(sums, (sum) => sum / ids.length)
}
