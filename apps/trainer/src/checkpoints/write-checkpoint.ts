import { join } from 'node:path'
import type { Tokenizer } from '@swat-js/data'
import { toHuggingFaceConfig, type SwatConfig, type TrainingState } from '@swat-js/models'
import { flattenParameters, parametersToSafetensors, SwatError, type ParameterTree } from '@swat-js/tensor-core'
import { listCheckpoints, removeCheckpoint, saveCheckpoint } from '@swat-js/tensor-core/node'
import type { CheckpointState } from './checkpoint-state.js'

/** What a checkpoint is made from. */
export interface CheckpointContents {
  /** Weights and moments. */
  training: TrainingState
  /** The model. */
  model: SwatConfig
  /** Its tokenizer. */
  tokenizer: Tokenizer
  /** Where the run stands. */
  state: CheckpointState
}

/**
 * Writes a checkpoint, whole or not at all, then removes old ones.
 *
 * @param folder - where the checkpoints of the run lie
 * @param contents - what to write
 * @param keep - how many of the newest stay
 * @returns the checkpoint's folder, `step-000200` for step 200
 * @throws SwatError `checkpoint-not-written` when the system refuses, `non-finite-loss` for weights that are NaN or ∞
 */
export async function writeCheckpoint(folder: string, contents: CheckpointContents, keep: number): Promise<string> {
  const { training, model, tokenizer, state } = contents
  const path = join(folder, `step-${String(state.step).padStart(6, '0')}`)
  const { step, firstMoments, secondMoments } = training.optimizer
  await saveCheckpoint(path, {
    'model.safetensors': await encode(training.parameters, { format: 'pt' }),
    'config.json': json(toHuggingFaceConfig(model)),
    'tokenizer.json': json(tokenizer.toJSON()),
    'optimizer.safetensors': await encode({ firstMoments, secondMoments }, { step: String(step) }),
    'state.json': json(state),
  })
  const old = (await listCheckpoints(folder)).filter((other) => other !== path)
  for (const other of old.slice(0, Math.max(0, old.length + 1 - keep))) await removeCheckpoint(other)
  return path
}

async function encode(tree: ParameterTree, metadata: Record<string, string>): Promise<Uint8Array> {
  for (const [name, tensor] of flattenParameters(tree)) {
    if ((await tensor.data<'float32'>()).every(Number.isFinite)) continue
    throw new SwatError('non-finite-loss', `${name} holds NaN or Infinity. Such weights are not saved.`)
  }
  return parametersToSafetensors(tree, metadata)
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
