import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { parameterShapes, type SwatConfig } from '@swat-js/models'
import { disposeParameters, SwatError, type AdamWState, type ParameterTree } from '@swat-js/tensor-core'
import type { CheckpointState } from './checkpoint-state.js'
import { readCheckpoint, readText, type Checkpoint } from './read-checkpoint.js'
import { readTensors } from './read-tensors.js'

/** A checkpoint with everything that a run needs to go on. */
export interface RunCheckpoint extends Checkpoint {
  /** Moments of the optimizer. */
  optimizer: AdamWState
  /** Where the run stood. */
  state: CheckpointState
}

/**
 * Reads a checkpoint to go on from.
 *
 * @param path - the checkpoint's folder
 * @param model - the model that the run trains
 * @returns model, optimizer and state; the tensors are the caller's to dispose
 * @throws SwatError as `readCheckpoint`
 */
export async function readRunCheckpoint(path: string, model: SwatConfig): Promise<RunCheckpoint> {
  const state = parseState(join(path, 'state.json'), await readText(join(path, 'state.json')))
  const checkpoint = await readCheckpoint(path)
  try {
    if (!isDeepStrictEqual(checkpoint.model, model)) {
      const message = `${path} holds another model than the run trains. Remove it to go on from the checkpoint before.`
      throw new SwatError('checkpoint', message)
    }
    const shapes = [...parameterShapes(checkpoint.model)]
    const named = (moment: string) => shapes.map(([name, shape]) => [`${moment}.${name}`, shape] as const)
    const moments = (await readTensors(
      join(path, 'optimizer.safetensors'),
      new Map([...named('firstMoments'), ...named('secondMoments')]),
    )) as { firstMoments: ParameterTree; secondMoments: ParameterTree }
    return { ...checkpoint, optimizer: { step: state.step, ...moments }, state }
  } catch (error) {
    disposeParameters(checkpoint.parameters)
    throw error
  }
}

function parseState(path: string, text: string): CheckpointState {
  try {
    const state = JSON.parse(text) as CheckpointState
    if (Number.isInteger(state.step) && Number.isInteger(state.metricsLength) && Array.isArray(state.cursor)) {
      return state
    }
  } catch (error) {
    throw new SwatError('checkpoint', `${path} is not JSON. Remove this checkpoint to go on from the one before.`, {
      cause: error,
    })
  }
  throw new SwatError('checkpoint', `${path} does not say where a run stood. Remove this checkpoint.`)
}
