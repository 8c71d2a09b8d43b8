import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DataError } from '@swat-js/data'
import { readTokenizer } from '@swat-js/data/node'
import { fromHuggingFaceConfig, parameterShapes, type SwatConfig, type SwatParameters } from '@swat-js/models'
import { SwatError } from '@swat-js/tensor-core'
import { overrideModel } from '../config/override-model.js'
import type { SpeakingModel } from '../evaluation/score-text.js'
import { readTensors } from './read-tensors.js'

/** A model as a checkpoint holds it. */
export interface Checkpoint extends SpeakingModel {
  /** The checkpoint's folder. */
  path: string
}

/**
 * Reads model and tokenizer of a checkpoint onto the engine in use.
 *
 * @param path - the checkpoint's folder, with model.safetensors, config.json and tokenizer.json
 * @param set - what the model is to have otherwise than in training, see {@link overrideModel}
 * @returns the model; its parameters are the caller's to dispose
 * @throws SwatError `checkpoint` when a file is missing, damaged or belongs to another model, `tokenizer-mismatch` when
 * the tokenizer has another number of tokens than the model, `config` when `set` is refused
 */
export async function readCheckpoint(path: string, set: readonly string[] = []): Promise<Checkpoint> {
  const model = overrideModel(await readModelConfig(join(path, 'config.json')), set)
  const tokenizer = await readTokenizer(join(path, 'tokenizer.json')).catch((error: unknown) => {
    if (error instanceof DataError) throw new SwatError('checkpoint', error.message, { cause: error })
    throw error
  })
  if (tokenizer.vocabSize !== model.vocabSize) {
    throw new SwatError(
      'tokenizer-mismatch',
      `${join(path, 'tokenizer.json')} has ${tokenizer.vocabSize} tokens, but the model has ${model.vocabSize}. ` +
        'Put back the tokenizer that the model was trained with.',
    )
  }
  const parameters = await readTensors(join(path, 'model.safetensors'), parameterShapes(model))
  return { path, model, tokenizer, parameters: parameters as SwatParameters }
}

async function readModelConfig(path: string): Promise<SwatConfig> {
  try {
    return fromHuggingFaceConfig(JSON.parse(await readText(path)) as Record<string, unknown>)
  } catch (error) {
    if (error instanceof SwatError && error.code === 'checkpoint') throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new SwatError('checkpoint', `${path}: ${reason}`, { cause: error })
  }
}

/**
 * Reads a text file of a checkpoint.
 *
 * @param path - the file
 * @throws SwatError `checkpoint` when it is not there
 */
export async function readText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new SwatError('checkpoint', `${path} cannot be read (${error.code}). Is this the folder of a checkpoint?`, {
      cause: error,
    })
  })
}
