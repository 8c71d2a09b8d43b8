import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DataError, type Tokenizer } from '@swat-js/data'
import { readTokenizer } from '@swat-js/data/node'
import {
  fromHuggingFaceConfig,
  parameterCount,
  parametersFromHuggingFace,
  toHuggingFaceConfig,
  type SwatConfig,
  type SwatParameters,
} from '@swat-js/models'
import { disposeParameters, parametersToSafetensors, SwatError } from '@swat-js/tensor-core'
import { readShardedSafetensors, saveCheckpoint } from '@swat-js/tensor-core/node'
import { withoutFunctionNames } from '../messages/without-function-names.js'

/** How {@link importFolder} reads and writes. */
export interface ImportOptions {
  /** A folder as transformers or the authors' code saves it. */
  from: string
  /** The checkpoint folder to make. */
  to: string
  /** A tokenizer.json in place of the folder's. */
  tokenizer?: string
}

/** What {@link importFolder} found. */
export interface ImportResult {
  /** The model. */
  model: SwatConfig
  /** Its weights. */
  parameters: number
}

/**
 * Reads a model that transformers or the authors' code saved (spec 4.5) – one file or several, float32, float16 or
 * bfloat16, with a fused gate or with norms inside the layers – and writes it as a checkpoint, in float32.
 *
 * @param options - see {@link ImportOptions}
 * @returns what was read
 * @throws SwatError `import` when a file is missing, cannot be read or belongs to another model, with the way out
 */
export async function importFolder({ from, to, tokenizer: tokenizerPath }: ImportOptions): Promise<ImportResult> {
  const names = await readdir(from).catch((error: NodeJS.ErrnoException) => {
    throw refusal(`${from} cannot be read (${error.code}). Give the folder of a model`, error)
  })
  const isThere = await readdir(to).then(
    (names) => names.length > 0,
    () => false,
  )
  if (isThere) throw refusal(`${to} is there already. Choose a new folder`)
  expectSafetensors(from, names)
  const json = await readJson(join(from, 'config.json'))
  const model = withReason(join(from, 'config.json'), () => fromHuggingFaceConfig(json))
  const tokenizer = await readTokenizerOf(from, tokenizerPath, model)
  const file = await readShardedSafetensors(from)
  let parameters: SwatParameters | null = null
  try {
    parameters = withReason(from, () => parametersFromHuggingFace(file, model))
    const kept = { bos_token_id: json.bos_token_id, eos_token_id: json.eos_token_id }
    await saveCheckpoint(to, {
      'model.safetensors': await parametersToSafetensors(parameters, { format: 'pt' }),
      'config.json': `${JSON.stringify({ ...toHuggingFaceConfig(model), ...kept }, null, 2)}\n`,
      'tokenizer.json': `${JSON.stringify(tokenizer.toJSON(), null, 2)}\n`,
    })
    return { model, parameters: parameterCount(model).total }
  } finally {
    if (parameters) disposeParameters(parameters)
  }
}

function expectSafetensors(from: string, names: readonly string[]): void {
  if (names.some((name) => name === 'model.safetensors' || name === 'model.safetensors.index.json')) return
  const pickled = names.find((name) => /\.(bin|pt|pth)$/.test(name))
  if (!pickled) {
    throw refusal(
      `${from} has neither model.safetensors nor model.safetensors.index.json. Give the folder of a model whose ` +
        'weights are in this format',
    )
  }
  throw refusal(
    `${from} has its weights in ${pickled}, which runs code when it is opened and is not read here. Convert it in Python: ` +
      `import torch; from safetensors.torch import save_file; ` +
      `weights = torch.load('${pickled}', map_location='cpu', weights_only=True); ` +
      `save_file({name: tensor.contiguous().clone() for name, tensor in weights.items()}, 'model.safetensors')`,
  )
}

async function readJson(path: string): Promise<Record<string, unknown>> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw refusal(
      `${path} cannot be read (${error.code}). It says what the model is; get it from where the weights are`,
    )
  })
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch (error) {
    throw refusal(`${path} is not JSON (${(error as Error).message}). Get it again`, error)
  }
}

async function readTokenizerOf(from: string, given: string | undefined, model: SwatConfig): Promise<Tokenizer> {
  const path = given ?? join(from, 'tokenizer.json')
  const tokenizer = await readTokenizer(path).catch((error: unknown) => {
    if (!(error instanceof DataError)) throw error
    throw refusal(`${withoutFunctionNames(error.message)} Give another one with --tokenizer <file>`, error)
  })
  if (tokenizer.vocabSize > model.vocabSize) {
    throw refusal(
      `${path} has ${tokenizer.vocabSize} tokens, but the model has ${model.vocabSize}. Give the one it was trained ` +
        'with, by --tokenizer <file>',
    )
  }
  return tokenizer
}

function withReason<T>(path: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof SwatError)) throw error
    throw refusal(`${path}: ${withoutFunctionNames(error.message)}`.replace(/\.$/, ''), error)
  }
}

function refusal(message: string, cause?: unknown): SwatError {
  return new SwatError('import', `${message}.`, { cause })
}
