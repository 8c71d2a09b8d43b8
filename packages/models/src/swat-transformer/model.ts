import { rotaryTables, type RotaryPositions } from '@swat-js/positional-encodings'
import { disposeRollingCache, type RollingCache } from '@swat-js/swat-attention'
import { embedding, expectShape, linear, rmsNorm, SwatError, tf, type KernelPolicy } from '@swat-js/tensor-core'
import type { SwatConfig } from '../config/swat-config.js'
import type { MatrixWeight, NormWeight } from '../layers/weights.js'
import { blockSettings } from './block-settings.js'
import { swatBlock, type SwatBlockParameters } from './block.js'
import { freeIntermediates } from './free-intermediates.js'
import type { ModelCache } from './model-cache.js'

/** All parameters of a model, nested under their official names (spec 4.5). */
export type SwatParameters = {
  /** Everything but the output matrix. */
  model: {
    /** `[vocab, hidden]` */
    embeddings: MatrixWeight
    /** One entry for each block. */
    layers: SwatBlockParameters[]
    /** Norm after the last block, `[hidden]`. */
    norm: NormWeight
  }
  /** `[vocab, hidden]`; absent when the output is tied to the embedding. */
  lm_head?: MatrixWeight
}

/** What a forward pass may get besides parameters and tokens. */
export interface SwatTransformerContext {
  /** Memory of earlier tokens; `ids` continue them. Consumed, also when the call throws. */
  cache?: ModelCache
  /**
   * With a cache: how many tokens of each sequence are its own, 0 to length; what follows in its row is padding (any
   * id of the vocabulary) and leaves no trace. Default all.
   */
  lengths?: readonly number[]
  /** Compute logits for every position (default) or for the last one of each sequence only. */
  logits?: 'all' | 'last'
  /** Which kernels run. */
  kernels?: KernelPolicy
}

/** What a forward pass returns. */
export interface SwatTransformerResult {
  /** `[batch, length, vocab]`, or `[batch, 1, vocab]` for `logits: 'last'`. */
  logits: tf.Tensor3D
  /** Memory for the tokens that follow; `null` when none came. */
  cache: ModelCache | null
}

/**
 * The SWAT language model, from token ids to logits (SWAT section 3, spec 4.1).
 *
 * @param parameters - the weights
 * @param config - the model they belong to
 * @param ids - token ids, int32 `[batch, length]`
 * @param context - cache, positions that get logits, kernels
 * @returns logits, differentiable with respect to the parameters where there is no cache, and the new cache; both are
 * the caller's to dispose
 * @throws SwatError `shape` when ids or a weight do not fit, `config` when parameters and configuration disagree,
 * `cache` when the cache was consumed before
 */
export function swatTransformer(
  parameters: SwatParameters,
  config: SwatConfig,
  ids: tf.Tensor2D,
  context: SwatTransformerContext = {},
): SwatTransformerResult {
  expectShape('swatTransformer', 'ids', ids, ['batch', 'length'])
  expectMatchingParameters(parameters, config)
  const { embeddings, layers, norm } = parameters.model
  const outputLayer = parameters.lm_head ?? embeddings
  const { cache, lengths, kernels } = context
  const settings = blockSettings(config)
  const caches: RollingCache[] = []

  const forward = () => {
    const positions = tokenPositions(cache?.layers[0].positions ?? [0], ids.shape[1])
    const rotary = config.rope && rotaryTables({ headDim: config.headDim, base: config.rope.base, positions })

    let x = embedding(ids, embeddings.weight, { kernels }) as tf.Tensor3D // [batch, length, hidden]
    for (const [i, layer] of layers.entries()) {
      const block = swatBlock(x, layer, settings, { rotary, cache: cache?.layers[i], lengths, kernels })
      x = block.output // [batch, length, hidden]
      if (block.cache) caches.push(block.cache)
    }
    if (context.logits === 'last') x = lastTokens(x, lengths) // [batch, 1, hidden]
    x = rmsNorm(x, norm.weight, { epsilon: config.normEpsilon, kernels }) // [batch, length, hidden]
    const logits = linear(x, outputLayer.weight, { kernels }) as tf.Tensor3D // [batch, length, vocab]

    return { logits, cache: cache ? { layers: caches } : null }
  }

  try {
    return freeIntermediates(forward)
  } catch (error) {
    caches.forEach(disposeRollingCache)
    throw error
  }
}

/** Where the tokens stand: one list for all sequences while they stand alike, else one after the other. */
function tokenPositions(starts: readonly number[], length: number): RotaryPositions {
  const [start] = starts
  if (starts.every((other) => other === start)) return { start, length }
  return starts.flatMap((start) => Array.from({ length }, (_, i) => start + i))
}

/** The last token of each sequence that is not padding. */
function lastTokens(x: tf.Tensor3D, lengths: readonly number[] | undefined): tf.Tensor3D {
  const [batch, length, hidden] = x.shape
  if (!lengths) return tf.slice(x, [0, length - 1, 0], [batch, 1, hidden])
  const rows = lengths.map((own, sequence) => sequence * length + Math.max(0, own - 1))
  return tf.reshape(tf.gather(tf.reshape(x, [batch * length, hidden]), rows), [batch, 1, hidden])
}

function expectMatchingParameters(parameters: SwatParameters, config: SwatConfig): void {
  const { layers, tied } = config
  if (parameters.model.layers.length !== layers) {
    const found = parameters.model.layers.length
    throw new SwatError(
      'config',
      `swatTransformer: the configuration has ${layers} layers, the parameters have ${found}. ` +
        'Pass the configuration that the parameters were made with.',
    )
  }
  if (tied === (parameters.lm_head !== undefined)) {
    throw new SwatError(
      'config',
      `swatTransformer: the configuration is ${tied ? 'tied' : 'untied'}, but the parameters have ` +
        `${tied ? 'an' : 'no'} lm_head. Pass the configuration that the parameters were made with.`,
    )
  }
}
