import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DataError, loadTokenizer, type Tokenizer } from '@swat-js/data'
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
import { expectNewFolder } from './expect-new-folder.js'
import { pickledWeights } from './pickled-weights.js'

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
  /** Ids of the model that the tokenizer had no token for; they are special tokens `<|unused-…|>` now. */
  unusedTokens: number
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
  await expectNewFolder(to)
  expectSafetensors(from, names)
  const json = await readJson(join(from, 'config.json'))
  const model = withReason(join(from, 'config.json'), () => fromHuggingFaceConfig(json))
  const given = await readTokenizerOf(from, tokenizerPath, model)
  const unusedTokens = model.vocabSize - given.vocabSize
  const tokenizer = withUnusedTokens(given, unusedTokens)
  const file = await readShardedSafetensors(from)
  let parameters: SwatParameters | null = null
  try {
    parameters = withReason(from, () => parametersFromHuggingFace(file, model))
    const onlySpecial = given.specialTokens.size === 1 ? [...given.specialTokens.values()][0] : null
    const kept = { bos_token_id: json.bos_token_id ?? null, eos_token_id: json.eos_token_id ?? onlySpecial }
    await saveCheckpoint(to, {
      'model.safetensors': await parametersToSafetensors(parameters, { format: 'pt' }),
      'config.json': `${JSON.stringify({ ...toHuggingFaceConfig(model), ...kept }, null, 2)}\n`,
      'tokenizer.json': `${JSON.stringify(tokenizer.toJSON(), null, 2)}\n`,
    })
    return { model, parameters: parameterCount(model).total, unusedTokens }
  } finally {
    if (parameters) disposeParameters(parameters)
  }
}

function expectSafetensors(from: string, names: readonly string[]): void {
  if (names.some((name) => name === 'model.safetensors' || name === 'model.safetensors.index.json')) return
  const pickled = pickledWeights(names)
  if (pickled.length === 0) {
    throw refusal(
      `${from} has neither model.safetensors nor model.safetensors.index.json. Give the folder of a model whose ` +
        'weights are in this format',
    )
  }
  const listed = pickled.map((name) => `'${name}'`).join(', ')
  throw refusal(
    `${from} has its weights in ${pickled[0]}, which runs code when it is opened and is not read here. Convert it in ` +
      'Python: import torch; from safetensors.torch import save_file; ' +
      `files = [torch.load(file, map_location='cpu', weights_only=True) for file in [${listed}]]; ` +
      `save_file({name: tensor.contiguous().clone() for file in files for name, tensor in file.items()}, 'model.safetensors')`,
  )
}

async function readJson(path: string): Promise<Record<string, unknown>> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw refusal(
      `${path} cannot be read (${error.code}). It says what the model is; get it from where the weights are`,
    )
  })
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw refusal(`${path} is not JSON (${(error as Error).message}). Get it again`, error)
  }
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as Record<string, unknown>
  throw refusal(`${path} must hold an object, but holds ${json === null ? 'null' : typeof json}. Get it again`)
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

/** Tokenizer and model get the same number of tokens, where the model was padded to a rounder one. */
function withUnusedTokens(tokenizer: Tokenizer, count: number): Tokenizer {
  if (count === 0) return tokenizer
  const json = tokenizer.toJSON()
  const unused = Array.from({ length: count }, (_, index) => {
    const id = tokenizer.vocabSize + index
    const content = `<|unused-${id}|>`
    return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true }
  })
  const { vocab } = json.model
  const ids = Object.fromEntries(unused.map(({ content, id }) => [content, id]))
  const model = { ...json.model, vocab: Array.isArray(vocab) ? vocab : { ...vocab, ...ids } }
  return loadTokenizer({ ...json, model, added_tokens: [...(json.added_tokens ?? []), ...unused] })
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
