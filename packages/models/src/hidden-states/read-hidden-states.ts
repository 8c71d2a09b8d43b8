import { SwatError, tf, type KernelPolicy } from '@swat-js/tensor-core'
import type { SwatConfig } from '../config/swat-config.js'
import { defaultChunk } from '../swat-transformer/default-chunk.js'
import { createModelCache, disposeModelCache } from '../swat-transformer/model-cache.js'
import { swatHiddenStates, type SwatParameters } from '../swat-transformer/model.js'

/** How hidden states are read. */
export interface HiddenStatesOptions {
  /** Tokens that are read at once; default 2,048 on webgpu, else 256. Does not change the result. */
  chunk?: number
  /** Also tell the embeddings and what each block returns. Default false. */
  everyBlock?: boolean
  /** Which kernels run. */
  kernels?: KernelPolicy
}

/** The hidden states of some tokens in a row. */
export interface HiddenStatesChunk {
  /** Place of the first of these tokens in the text. */
  start: number
  /** How many tokens these are. */
  length: number
  /** After the last norm, what the output layer turns into logits: `[length, hidden]`. */
  hidden: Float32Array
  /** The embeddings and what each block returns, without a norm: layers + 1 of `[length, hidden]`, or null. */
  everyBlock: Float32Array[] | null
}

/**
 * The hidden states of a text, as one stream through the cache: with all the context that the model can see, and in
 * memory that does not grow with the text.
 *
 * @param parameters - the weights; they must live until the generator ends
 * @param config - the model they belong to
 * @param ids - token ids, any number
 * @param options - see {@link HiddenStatesOptions}
 * @returns yields a chunk at a time, in order
 * @throws SwatError `hidden-states` when `chunk` makes no sense, `token-id` when a token is not in the vocabulary
 */
export async function* readHiddenStates(
  parameters: SwatParameters,
  config: SwatConfig,
  ids: ArrayLike<number>,
  options: HiddenStatesOptions = {},
): AsyncGenerator<HiddenStatesChunk, void, void> {
  const { chunk = defaultChunk(), everyBlock = false, kernels } = options
  if (!Number.isInteger(chunk) || chunk < 1) {
    throw new SwatError('hidden-states', `readHiddenStates: chunk must be a positive integer, but is ${chunk}.`)
  }
  const text = Int32Array.from(ids)
  let cache = createModelCache(config, 1)
  try {
    for (let start = 0; start < text.length; start += chunk) {
      const length = Math.min(chunk, text.length - start)
      const states = tf.tidy(() => {
        const input = tf.tensor2d(text.subarray(start, start + length), [1, length], 'int32')
        const next = swatHiddenStates(parameters, config, input, { cache, kernels, everyBlock })
        cache = next.cache ?? cache
        return [next.hidden, ...(next.everyBlock ?? [])]
      })
      const [hidden, ...blocks] = await Promise.all(states.map((state) => state.data<'float32'>()))
      tf.dispose(states)
      yield { start, length, hidden, everyBlock: everyBlock ? blocks : null }
    }
  } finally {
    disposeModelCache(cache)
  }
}
