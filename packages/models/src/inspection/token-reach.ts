import { SwatError, type KernelPolicy } from '@swat-js/tensor-core'
import type { SwatConfig } from '../config/swat-config.js'
import { readHiddenStates } from '../hidden-states/read-hidden-states.js'
import type { SwatParameters } from '../swat-transformer/model.js'

/** Which token is changed. */
export interface TokenReachOptions {
  /** Place of the token; default `config.sinks`, as a sink reaches further than others. */
  place?: number
  /** What it becomes; default the next id of the vocabulary. */
  token?: number
  /** Tokens that are read at once; default 2,048 on webgpu, else 256. */
  chunk?: number
  /** Which kernels run. */
  kernels?: KernelPolicy
}

/** How far a changed token makes itself felt. */
export interface TokenReach {
  /** Place of the token. */
  place: number
  /**
   * Outputs from the token itself to the last that is not the same to the bit: at most
   * `1 + Σ (window − 1)` over the layers, less where influence falls below what float32 can tell.
   */
  reach: number
  /** Largest change of a channel after the last norm, for each token from `place` on. */
  changes: Float64Array
}

/**
 * Changes one token and looks which outputs change (spec 8.4, i). Outputs are the hidden states after the last norm.
 *
 * @param parameters - the weights of the model
 * @param config - the model they belong to
 * @param ids - token ids; the text should go on for longer than the receptive field after the changed token
 * @param options - see {@link TokenReachOptions}
 * @returns see {@link TokenReach}
 * @throws SwatError `inspection` when there is no such token, and what `readHiddenStates` throws
 */
export async function tokenReach(
  parameters: SwatParameters,
  config: SwatConfig,
  ids: ArrayLike<number>,
  options: TokenReachOptions = {},
): Promise<TokenReach> {
  const { place = config.sinks, chunk, kernels } = options
  if (!Number.isInteger(place) || place < 0 || place >= ids.length) {
    throw new SwatError(
      'inspection',
      `tokenReach: place must be one of the text, from 0 to ${ids.length - 1}, but is ${place}. Bring more text.`,
    )
  }
  const before = Int32Array.from(ids)
  const after = before.with(place, options.token ?? (ids[place] + 1) % config.vocabSize)
  const changed = readHiddenStates(parameters, config, after, { chunk, kernels })
  const changes = new Float64Array(ids.length - place)
  try {
    for await (const { start, length, hidden } of readHiddenStates(parameters, config, before, { chunk, kernels })) {
      const other = (await changed.next()).value
      for (let i = Math.max(0, place - start); i < length; i++) {
        for (let d = i * config.hiddenSize; d < (i + 1) * config.hiddenSize; d++) {
          const change = Math.abs(hidden[d] - (other?.hidden[d] ?? NaN))
          if (!(change <= changes[start + i - place])) changes[start + i - place] = change
        }
      }
    }
  } finally {
    await changed.return()
  }
  return { place, reach: changes.findLastIndex((change) => change !== 0) + 1, changes }
}
