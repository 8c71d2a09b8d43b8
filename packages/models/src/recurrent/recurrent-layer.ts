import { expectShape, flattenParameters, SwatError, tf, type KernelPolicy } from '@swat-js/tensor-core'
import { freeIntermediates } from '../swat-transformer/free-intermediates.js'
import type { MixerContext, MixerResult } from './layers/contract.js'
import { deltaNetLayer } from './layers/deltanet.js'
import { glaLayer } from './layers/gla.js'
import { mamba2Layer } from './layers/mamba2.js'
import { retNetLayer } from './layers/retnet.js'
import {
  recurrentParameterShapes,
  type DeltaNetParameters,
  type GatedDeltaNetParameters,
  type GlaParameters,
  type Mamba2Parameters,
  type RecurrentParameters,
  type RetNetParameters,
} from './recurrent-parameters.js'
import { recurrentSizes, type RecurrentSettings } from './recurrent-settings.js'
import { advanceState, recurrentMemoryOf, type RecurrentState } from './recurrent-state.js'

/** What surrounds one call of a recurrent layer. */
export interface RecurrentLayerContext {
  /** The past, when the layer is streamed; consumed. Without it the input is the start of a sequence. */
  state?: RecurrentState | null
  /** Tokens of each sequence, 0 to length; the rest is padding that leaves no trace. Default all. */
  lengths?: readonly number[]
  /** Which kernels run projections and norms. */
  kernels?: KernelPolicy
}

/** What {@link recurrentLayer} returns. */
export interface RecurrentLayerResult {
  /** `[batch, length, hidden]` */
  output: tf.Tensor3D
  /** The state for the tokens that follow; null when none came. It lives until it is disposed of. */
  state: RecurrentState | null
}

const caller = 'recurrentLayer'

/**
 * A recurrent layer in the place of attention (spec 7): RetNet, GLA, Mamba-2, DeltaNet or Gated DeltaNet. Whole
 * sequences are computed in chunks, in time and memory that grow with the length; with a state it goes on where the
 * call before stopped, and the state stays as large as it was.
 *
 * @param x - `[batch, length, hidden]`, normalised by the block
 * @param parameters - those of the type, named and shaped as `recurrentParameterShapes` says
 * @param settings - from `recurrentSettings`
 * @param context - state, lengths, kernels
 * @returns output, differentiable where there is no state, and the next state
 * @throws SwatError `shape` when tensors do not fit, `parameters` when one is missing, `recurrent` when lengths make no
 * sense, `cache` when the state was consumed before, `no-gradient` with a state within `tf.grad` and its like
 */
export function recurrentLayer(
  x: tf.Tensor3D,
  parameters: RecurrentParameters,
  settings: RecurrentSettings,
  context: RecurrentLayerContext = {},
): RecurrentLayerResult {
  const { lengths, kernels } = context
  const state = context.state ?? null
  expectShape(caller, 'x', x, ['batch', 'length', settings.hiddenSize])
  expectParameters(parameters, settings)
  const [batch, length] = x.shape
  expectLengths(lengths, batch, length)
  const memory = state && recurrentMemoryOf(caller, state)
  if (state) expectFits(state, settings, batch)

  return freeIntermediates(() => {
    const positions = state?.positions ?? new Array<number>(batch).fill(0)
    const result = mix(x, parameters, settings, {
      ...{ positions, matrices: memory?.matrices ?? null, past: memory?.past ?? null },
      ...{ lengths, own: lengths ? ownTokens(lengths, length) : null, kernels },
    })
    const next = positions.map((position, sequence) => position + (lengths?.[sequence] ?? length))
    return { output: result.output, state: state && advanceState(state, result, next) }
  })
}

function mix(
  x: tf.Tensor3D,
  parameters: RecurrentParameters,
  settings: RecurrentSettings,
  context: MixerContext,
): MixerResult {
  switch (settings.type) {
    case 'retnet':
      return retNetLayer(x, parameters as RetNetParameters, settings, context)
    case 'gla':
      return glaLayer(x, parameters as GlaParameters, settings, context)
    case 'mamba2':
      return mamba2Layer(x, parameters as Mamba2Parameters, settings, context)
    case 'deltanet':
    case 'gated-deltanet':
      return deltaNetLayer(x, parameters as DeltaNetParameters | GatedDeltaNetParameters, settings, context)
  }
}

/** `[batch, length, 1]`: 1 for tokens, 0 for padding. */
function ownTokens(lengths: readonly number[], length: number): tf.Tensor3D {
  const marks = lengths.flatMap((own) => Array.from({ length }, (_, t) => Number(t < own)))
  return tf.tensor3d(marks, [lengths.length, length, 1])
}

function expectParameters(parameters: RecurrentParameters, settings: RecurrentSettings): void {
  const given = flattenParameters(parameters)
  for (const [name, shape] of recurrentParameterShapes(settings)) {
    const tensor = given.get(name)
    if (!tensor) {
      throw new SwatError(
        'parameters',
        `${caller}: a layer of type ${settings.type} needs ${name}, but it is missing. Make parameters of the shapes ` +
          'that recurrentParameterShapes gives for these settings.',
      )
    }
    expectShape(caller, name, tensor, shape)
  }
}

function expectLengths(lengths: readonly number[] | undefined, batch: number, length: number): void {
  if (!lengths) return
  if (lengths.length === batch && lengths.every((own) => Number.isInteger(own) && own >= 0 && own <= length)) return
  throw new SwatError(
    'recurrent',
    `${caller}: lengths must hold one integer from 0 to ${length} for each of the ${batch} sequences, but is ` +
      `[${lengths.join(', ')}]. Leave it out when no token is padding.`,
  )
}

function expectFits(state: RecurrentState, settings: RecurrentSettings, batch: number): void {
  const { heads, keyDim, valueDim, convolved } = recurrentSizes(settings)
  expectShape(caller, 'the matrices of the state', state.memory.matrices, [batch, heads, keyDim, valueDim])
  const channels = state.memory.past?.shape[2] ?? 0
  if (channels !== convolved) {
    throw new SwatError(
      'shape',
      `${caller}: the state must remember ${convolved} channels of convolutions, but has ${channels}. Make it with ` +
        'createRecurrentState for these settings.',
    )
  }
  const { gradientDepth, kernelDepth } = tf.engine().state
  if (gradientDepth === 0 || kernelDepth > 0) return // within an op of our own the tape is off
  throw new SwatError(
    'no-gradient',
    `${caller}: there is no gradient through a state, whose tensors the next step frees. Train without one, on whole ` +
      'sequences.',
  )
}
