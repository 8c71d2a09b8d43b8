import { SwatError, tf, type KernelPolicy } from '@swat-js/tensor-core'
import type { SwatConfig } from '../config/swat-config.js'
import { createModelCache, disposeModelCache } from '../swat-transformer/model-cache.js'
import { swatTransformer, type SwatParameters } from '../swat-transformer/model.js'
import { checkSampling, sampleToken, type SamplingOptions } from './sample-token.js'

/** How text is generated. */
export interface GenerationOptions extends SamplingOptions {
  /** Stop after this many tokens. */
  maxNewTokens: number
  /** Stop when one of these is drawn; it is not yielded. */
  stopTokens?: readonly number[]
  /** Tokens of the prompt that are read at once; default 256. */
  prefillChunk?: number
  /** Which kernels run. */
  kernels?: KernelPolicy
}

/**
 * Generates tokens one by one. Memory does not grow: each layer keeps `window − 1` keys, however long the text becomes.
 * The cache is freed when the generator ends, also when the consumer stops early.
 *
 * @param parameters - the weights; they must live until the generator ends
 * @param config - the model they belong to
 * @param prompt - token ids, at least one; any length
 * @param options - see {@link GenerationOptions}
 * @returns yields each new token as soon as it is drawn
 * @throws SwatError `generation` when the prompt is empty or a number makes no sense, `token-id` when one of it is not
 * in the vocabulary, `sampling` and `non-finite-logits` as {@link sampleToken}
 */
export async function* generateTokens(
  parameters: SwatParameters,
  config: SwatConfig,
  prompt: ArrayLike<number>,
  options: GenerationOptions,
): AsyncGenerator<number, void, void> {
  const { maxNewTokens, stopTokens = [], prefillChunk = 256, kernels } = options
  if (prompt.length === 0) {
    throw new SwatError(
      'generation',
      'generateTokens: the prompt must have a token at least. Begin with a start token.',
    )
  }
  expectCount('maxNewTokens', maxNewTokens, 0)
  expectCount('prefillChunk', prefillChunk, 1)
  checkSampling('generateTokens', options)

  let cache = createModelCache(config, 1)
  const nextLogits = async (ids: Int32Array): Promise<Float32Array> => {
    const logits = tf.tidy(() => {
      const input = tf.tensor2d(ids, [1, ids.length], 'int32')
      const next = swatTransformer(parameters, config, input, { cache, logits: 'last', kernels })
      cache = next.cache ?? cache
      return next.logits
    })
    const values = await logits.data<'float32'>() // [1, 1, vocab]
    logits.dispose()
    return values
  }

  try {
    const ids = Int32Array.from(prompt)
    let logits: ArrayLike<number> = []
    for (let start = 0; start < ids.length && maxNewTokens > 0; start += prefillChunk) {
      logits = await nextLogits(ids.subarray(start, start + prefillChunk))
    }
    for (let count = 0; count < maxNewTokens; count++) {
      const token = sampleToken(logits, options)
      if (stopTokens.includes(token)) return
      yield token
      if (count + 1 < maxNewTokens) logits = await nextLogits(Int32Array.of(token))
    }
  } finally {
    disposeModelCache(cache)
  }
}

function expectCount(name: string, count: number, least: number): void {
  if (Number.isInteger(count) && count >= least) return
  throw new SwatError('generation', `generateTokens: ${name} must be an integer ≥ ${least}, but is ${count}.`)
}
