import { crossEntropy, SwatError, tf, type KernelPolicy } from '@swat-js/tensor-core'
import type { SwatConfig } from '../config/swat-config.js'
import { defaultChunk } from '../swat-transformer/default-chunk.js'
import { createModelCache, disposeModelCache } from '../swat-transformer/model-cache.js'
import { swatTransformer, type SwatParameters } from '../swat-transformer/model.js'

/** How a text is scored. */
export interface EvaluationOptions {
  /** Tokens that are read at once; default 2,048 on webgpu, else 256. Does not change the result. */
  chunk?: number
  /** Score at most this many tokens, from the start. */
  limit?: number
  /** Which kernels run. */
  kernels?: KernelPolicy
  /** Called after each chunk with the tokens scored so far and in total; a promise is waited for. */
  onProgress?: (scored: number, total: number) => unknown
}

/** How well a model predicts a text. */
export interface Evaluation {
  /** Mean nats for each scored token. */
  loss: number
  /** Tokens scored. */
  tokens: number
  /** Sum over the scored tokens. */
  totalNats: number
}

/**
 * Scores a text as one stream through the cache: every token but the first is scored once, with all the context that
 * the model can see.
 *
 * @param parameters - the weights
 * @param config - the model they belong to
 * @param tokens - token ids, at least two
 * @param options - see {@link EvaluationOptions}
 * @returns loss, number of tokens and sum
 * @throws SwatError `evaluation` when there is nothing to score or an option makes no sense, `token-id` or
 * `label` when a token is not in the vocabulary
 */
export async function evaluateTokens(
  parameters: SwatParameters,
  config: SwatConfig,
  tokens: ArrayLike<number>,
  options: EvaluationOptions = {},
): Promise<Evaluation> {
  const { chunk = defaultChunk(), limit = Infinity, kernels, onProgress } = options
  const total = Math.min(tokens.length - 1, limit)
  if (!Number.isInteger(total) || total < 1) {
    throw new SwatError(
      'evaluation',
      `evaluateTokens: one token must be scored at least, but there are ${tokens.length} tokens, limit ${limit}. ` +
        'Give at least two tokens and a limit from 1 upwards.',
    )
  }
  if (!Number.isInteger(chunk) || chunk < 1) {
    throw new SwatError('evaluation', `evaluateTokens: chunk must be a positive integer, but is ${chunk}.`)
  }
  const ids = Int32Array.from({ length: total + 1 }, (_, i) => tokens[i])

  let cache = createModelCache(config, 1)
  let totalNats = 0
  try {
    for (let start = 0; start < total; start += chunk) {
      const end = Math.min(start + chunk, total)
      const loss = tf.tidy(() => {
        const inputs = tf.tensor2d(ids.subarray(start, end), [1, end - start], 'int32')
        const labels = tf.tensor1d(ids.subarray(start + 1, end + 1), 'int32') // [length]
        const next = swatTransformer(parameters, config, inputs, { cache, kernels })
        cache = next.cache ?? cache // at once: what follows may throw
        const logits = tf.reshape(next.logits, [-1, config.vocabSize]) as tf.Tensor2D // [length, vocab]
        return crossEntropy(logits, labels, { kernels })
      })
      const [meanNats] = await loss.data()
      loss.dispose()
      totalNats += meanNats * (end - start)
      await onProgress?.(end, total)
    }
  } finally {
    disposeModelCache(cache)
  }
  return { loss: totalNats / total, tokens: total, totalNats }
}
