import {
  rotaryScalingAt,
  rotaryTables,
  type RotaryPositions,
  type RotaryTables,
  type StaticRotaryScaling,
} from '@swat-js/positional-encodings'
import { inCachePosition } from '@swat-js/swat-attention'
import {
  checkpoint,
  embedding,
  expectShape,
  flattenParameters,
  linear,
  rmsNorm,
  SwatError,
  tf,
  type KernelPolicy,
} from '@swat-js/tensor-core'
import { layerWindows } from '../config/layer-windows.js'
import type { SwatConfig } from '../config/swat-config.js'
import type { MatrixWeight, NormWeight } from '../layers/weights.js'
import { parameterShapes } from '../parameters/parameter-shapes.js'
import { blockSettings } from './block-settings.js'
import { swatBlock, type SwatBlockParameters, type SwatBlockResult } from './block.js'
import { freeIntermediates } from './free-intermediates.js'
import { disposeLayerMemory, type LayerMemory } from './layer-memory.js'
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
  /**
   * Without a cache: documents side by side in one sequence, int32 `[batch, length]`; attention does not cross from
   * one number to another. Rotary positions go on across them, which makes no difference: only distances count.
   */
  segmentIds?: tf.Tensor2D | null
  /** Compute logits for every position (default) or for the last one of each sequence only. */
  logits?: 'all' | 'last'
  /** Without a cache: keep the input of each block only, the backward pass computes the rest again. Default false. */
  checkpointActivations?: boolean
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

/** What {@link swatHiddenStates} may get besides parameters and tokens. */
export interface SwatHiddenStatesContext extends SwatTransformerContext {
  /** Also return the embeddings and what each block returns. Default false. */
  everyBlock?: boolean
}

/** What {@link swatHiddenStates} returns. */
export interface SwatHiddenStates {
  /** After the last norm: `[batch, length, hidden]`, or `[batch, 1, hidden]` for `logits: 'last'`. */
  hidden: tf.Tensor3D
  /**
   * The embeddings and what each block returns, before any norm: layers + 1 of `[batch, length, hidden]`, all positions
   * also for `logits: 'last'`; `null` unless `everyBlock` asks for them.
   */
  everyBlock: tf.Tensor3D[] | null
  /** `[vocab, hidden]`: the output matrix, which turns them into logits. */
  outputWeight: tf.Tensor2D
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
 * @throws SwatError `shape` when ids or a weight do not fit, `config` when parameters and configuration disagree or a
 * text outgrows a dynamic `rope.scaling` in its cache, `cache` when the cache was consumed before
 */
export function swatTransformer(
  parameters: SwatParameters,
  config: SwatConfig,
  ids: tf.Tensor2D,
  context: SwatTransformerContext = {},
): SwatTransformerResult {
  const { kernels } = context
  return freeIntermediates(() => {
    const { hidden, outputWeight, cache } = swatHiddenStates(parameters, config, ids, context)
    const logits = linear(hidden, outputWeight, { kernels }) // [batch, length, vocab]
    return { logits, cache }
  })
}

/**
 * The model up to its last norm; `linear(hidden, outputWeight)` are the logits.
 *
 * @param parameters - the weights
 * @param config - the model they belong to
 * @param ids - token ids, int32 `[batch, length]`
 * @param context - as of {@link swatTransformer}, and `everyBlock`
 * @returns see {@link SwatHiddenStates}; hidden states and cache are the caller's to dispose, the matrix is among the
 * parameters
 * @throws SwatError as {@link swatTransformer} does
 */
export function swatHiddenStates(
  parameters: SwatParameters,
  config: SwatConfig,
  ids: tf.Tensor2D,
  context: SwatHiddenStatesContext = {},
): SwatHiddenStates {
  expectShape('swatTransformer', 'ids', ids, ['batch', 'length'])
  expectMatchingParameters(parameters, config)
  const { embeddings, layers, norm } = parameters.model
  const { cache, lengths, kernels } = context
  const block = blockFunction(config, context)
  const caches: LayerMemory[] = []

  const forward = () => {
    const rotary = rotaryOfPass(config, ids.shape[1], context) // one for each block

    let x = embedding(ids, embeddings.weight, { kernels }) as tf.Tensor3D // [batch, length, hidden]
    const states = [x]
    for (const [i, layer] of layers.entries()) {
      const result = block(x, layer, i, rotary[i], cache?.layers[i])
      x = result.output // [batch, length, hidden]
      if (context.everyBlock) states.push(x)
      if (result.cache) caches.push(result.cache)
    }
    if (context.logits === 'last') x = lastTokens(x, lengths) // [batch, 1, hidden]
    const hidden = rmsNorm(x, norm.weight, { epsilon: config.normEpsilon, kernels }) // [batch, length, hidden]

    return { hidden, everyBlock: context.everyBlock ? states : null, cache: cache ? { layers: caches } : null }
  }

  try {
    return { ...freeIntermediates(forward), outputWeight: (parameters.lm_head ?? embeddings).weight }
  } catch (error) {
    caches.forEach(disposeLayerMemory)
    throw error
  }
}

/** Rotation tables of one block. */
interface BlockRotary {
  rotary: RotaryTables | null
  sinkRotary: RotaryTables | null
}

type BlockFunction = (
  x: tf.Tensor3D,
  parameters: SwatBlockParameters,
  layer: number,
  rotary: BlockRotary,
  cache: LayerMemory | undefined,
) => SwatBlockResult

/** One block as the whole model runs it: its intermediates go at its end, or are not kept for the gradient at all. */
function blockFunction(config: SwatConfig, context: SwatTransformerContext): BlockFunction {
  const { lengths, kernels, segmentIds = null } = context
  if (!context.checkpointActivations || context.cache) {
    return (x, parameters, layer, rotary, cache) => {
      const settings = blockSettings(config, layer)
      return freeIntermediates(() =>
        swatBlock(x, parameters, settings, { ...rotary, cache, lengths, segmentIds, kernels }),
      )
    }
  }
  return (x, parameters, layer, { rotary, sinkRotary }) => {
    const settings = blockSettings(config, layer)
    const tablesOf = (tables: RotaryTables | null) => (tables ? [tables.cos, tables.sin] : [])
    const run = (x: tf.Tensor, parameters: SwatBlockParameters, constants: readonly tf.Tensor[]) => {
      const read = (tables: RotaryTables | null, [cos, sin]: readonly tf.Tensor[]) =>
        tables && { ...tables, cos: cos as tf.Tensor2D, sin: sin as tf.Tensor2D }
      const tables = { rotary: read(rotary, constants), sinkRotary: read(sinkRotary, constants.slice(2)) }
      const segments = { segmentIds: segmentIds && (constants.at(-1) as tf.Tensor2D) }
      return swatBlock(x as tf.Tensor3D, parameters, settings, { ...tables, ...segments, kernels }).output
    }
    const constants = [...tablesOf(rotary), ...tablesOf(sinkRotary), ...(segmentIds ? [segmentIds] : [])]
    const output = checkpoint(run, x, parameters, constants) as tf.Tensor3D
    return { output, cache: null }
  }
}

function rotaryOfPass(config: SwatConfig, length: number, context: SwatTransformerContext): BlockRotary[] {
  const { headDim, rope, sinks, sinkPositions } = config
  const windows = layerWindows(config)
  if (!rope) return windows.map(() => ({ rotary: null, sinkRotary: null }))
  const starts = context.cache?.layers[0].positions ?? [0]
  const scaling = scalingOfPass(rope, starts, length, context)
  const tablesAt = (positions: RotaryPositions) => rotaryTables({ headDim, base: rope.base, scaling, positions })

  const rotary = tablesAt(tokenPositions(starts, length))
  const sinkTables = new Map<number, RotaryTables>() // by window
  if (sinks > 0 && sinkPositions === 'in-cache') {
    const positions = Array.from(listed(tokenPositions(starts, length)))
    for (const window of new Set(windows)) {
      if (window === null) continue // every key is visible then, where it stands
      sinkTables.set(window, tablesAt(positions.map((position) => inCachePosition(position, sinks, window))))
    }
  }
  return windows.map((window) => ({ rotary, sinkRotary: (window !== null && sinkTables.get(window)) || null }))
}

/**
 * A dynamic scaling goes by the length so far. It must not begin to scale where earlier keys lie rotated in a cache:
 * even if they were turned anew, those of deeper layers come from attention under the old rotation.
 */
function scalingOfPass(
  { scaling }: NonNullable<SwatConfig['rope']>,
  starts: readonly number[],
  length: number,
  { cache, lengths }: SwatTransformerContext,
): StaticRotaryScaling | undefined {
  const soFar = Math.max(1, ...starts.map((start, sequence) => start + (lengths?.[sequence] ?? length)))
  const now = rotaryScalingAt(scaling, soFar)
  if (cache && scaling && now && now !== scaling) {
    throw new SwatError(
      'config',
      `swatTransformer: with a cache, a text must not grow beyond the originalLength of ${scaling.type} scaling, but it ` +
        `has ${soFar} tokens now: its keys are rotated already, and each further token would turn them anew. Set ` +
        'rope.scaling to rotaryScalingAt(rope.scaling, length) with the longest length from the first token on, or pass ' +
        'the whole text without a cache.',
    )
  }
  return now
}

/** Where the tokens stand: one list for all sequences while they stand alike, else one after the other. */
function tokenPositions(starts: readonly number[], length: number): RotaryPositions {
  const [start] = starts
  if (starts.every((other) => other === start)) return { start, length }
  return starts.flatMap((start) => Array.from({ length }, (_, i) => start + i))
}

function listed(positions: RotaryPositions): ArrayLike<number> {
  if (!('start' in positions)) return positions
  return Array.from({ length: positions.length }, (_, i) => positions.start + i)
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
  const wayOut = 'Pass the configuration that the parameters were made with.'
  if (parameters.model.layers.length !== layers) {
    const found = parameters.model.layers.length
    throw new SwatError(
      'config',
      `swatTransformer: the configuration has ${layers} layers, the parameters have ${found}. ${wayOut}`,
    )
  }
  if (tied === (parameters.lm_head !== undefined)) {
    throw new SwatError(
      'config',
      `swatTransformer: the configuration is ${tied ? 'tied' : 'untied'}, but the parameters have ` +
        `${tied ? 'an' : 'no'} lm_head. ${wayOut}`,
    )
  }
  const expected = new Set(parameterShapes(config).keys())
  const found = flattenParameters(parameters)
  const missing = [...expected].find((name) => !found.has(name))
  const needless = [...found.keys()].find((name) => !expected.has(name))
  if (missing === undefined && needless === undefined) return
  throw new SwatError(
    'config',
    `swatTransformer: the configuration asks for ${missing ? `${missing}, which` : `no ${needless}, but it`} is ` +
      `${missing ? 'missing from' : 'among'} the parameters. ${wayOut}`,
  )
}
