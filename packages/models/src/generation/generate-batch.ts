import { createRandom, SwatError } from '@swat-js/tensor-core'
import type { SwatConfig } from '../config/swat-config.js'
import type { SwatParameters } from '../swat-transformer/model.js'
import { decodeSequences, type GeneratedToken } from './decode-sequences.js'
import type { BatchGenerationOptions } from './generation-options.js'

/**
 * Continues several prompts side by side, each until its own end. What a sequence becomes does not depend on the others
 * beyond the rounding of larger matrix products: alone, with `seed + i`, sequence i comes out the same. Memory does not
 * grow: each layer keeps `window − 1` keys of each sequence. The batch is computed as a whole until its last sequence
 * ends.
 *
 * @param parameters - the weights; they must live until the generator ends
 * @param config - the model they belong to
 * @param prompts - token ids, at least one each; any lengths
 * @param options - see {@link BatchGenerationOptions}
 * @returns yields a step at a time: `[batch]`, what was drawn for each prompt, `null` where the sequence has ended, by
 * a stop token or by `isStopped`; all end with `maxNewTokens`
 * @throws SwatError `generation` when a prompt is empty or an option makes no sense, `token-id` when one is not in the
 * vocabulary, `sampling` and `non-finite-logits` as {@link tokenProbabilities}
 */
export async function* generateBatch(
  parameters: SwatParameters,
  config: SwatConfig,
  prompts: readonly ArrayLike<number>[],
  options: BatchGenerationOptions,
): AsyncGenerator<(GeneratedToken | null)[], void, void> {
  const { seed, temperature = 1 } = options
  if (seed === undefined && temperature > 0) {
    throw new SwatError('sampling', 'generateBatch: seed is missing. Give a whole number, or temperature 0.')
  }
  const sources = prompts.map((_, i) => (seed === undefined ? undefined : createRandom(seed + i)))
  yield* decodeSequences('generateBatch', parameters, config, prompts, sources, options)
}
