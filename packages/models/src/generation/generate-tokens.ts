import type { SwatConfig } from '../config/swat-config.js'
import type { SwatParameters } from '../swat-transformer/model.js'
import { decodeSequences } from './decode-sequences.js'
import type { GenerationOptions } from './generation-options.js'

/**
 * Generates tokens one by one. Memory does not grow: each layer keeps `window − 1` keys, however long the text becomes,
 * and a long prompt is read in chunks. The cache is freed when the generator ends, also when the consumer stops early.
 * `generateBatch` continues several prompts and tells log-probabilities.
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
  const steps = decodeSequences('generateTokens', parameters, config, [prompt], [options.random], options)
  for await (const [drawn] of steps) if (drawn) yield drawn.token
}
