// Writes models as folders that transformers can load, and the prompts of the comparison with their logits beside them:
//   npx tsx --conditions=@swat-js/source packages/models/test/pytorch/write-folders.ts <folder> [preset | export]
// The small random models of the fixture; or one preset, random; or a trained model that `swat export` wrote, whose
// folder gets prompts and logits. Prompts are shorter and longer than the window. Then:
//   python packages/models/test/pytorch/compute_logits.py <folder, or the folder around an export>
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  createRandom,
  disposeParameters,
  parametersToSafetensors,
  readSafetensors,
  tf,
  useEngine,
} from '@swat-js/tensor-core'
import {
  fromHuggingFaceConfig,
  huggingFaceFiles,
  initializeParameters,
  parametersFromHuggingFace,
  presetConfig,
  swatTransformer,
  type PresetName,
  type SwatConfig,
  type SwatParameters,
} from '../../src/index.js'
import { pytorchModels, pytorchPrompts } from '../fixtures/pytorch-models.js'

const [folder, one] = process.argv.slice(2)
await useEngine({ backend: 'wasm' })
if (one === undefined) {
  for (const { name, seed, config } of pytorchModels) await writeRandom(name, config, seed, pytorchPrompts)
} else if (existsSync(join(one, 'model.safetensors'))) {
  const config = fromHuggingFaceConfig(JSON.parse(readFileSync(join(one, 'config.json'), 'utf8')))
  const parameters = parametersFromHuggingFace(readSafetensors(readFileSync(join(one, 'model.safetensors'))), config)
  writePrompts(one, { name: one, seed: 0 }, parameters, config, promptsFor(config, [20, 200]))
} else {
  const config = presetConfig(one as PresetName)
  await writeRandom(one, config, 1, promptsFor(config, [100, 600]))
}

function promptsFor({ vocabSize }: SwatConfig, lengths: number[]): number[][] {
  return lengths.map((length) => Array.from({ length }, (_, i) => (i * i * 7 + 11 * i) % vocabSize))
}

async function writeRandom(name: string, config: SwatConfig, seed: number, prompts: number[][]): Promise<void> {
  const path = join(folder, name)
  mkdirSync(path, { recursive: true })
  for (const [file, text] of Object.entries(huggingFaceFiles(config))) writeFileSync(join(path, file), text)
  const parameters = initializeParameters(config, createRandom(seed))
  writeFileSync(join(path, 'model.safetensors'), await parametersToSafetensors(parameters, { format: 'pt' }))
  writePrompts(path, { name, seed }, parameters, config, prompts)
}

function writePrompts(
  path: string,
  about: { name: string; seed: number },
  parameters: SwatParameters,
  config: SwatConfig,
  prompts: number[][],
): void {
  for (const [i, prompt] of prompts.entries()) {
    const logits = tf.tidy(() => {
      const ids = tf.tensor2d([prompt], [1, prompt.length], 'int32')
      return swatTransformer(parameters, config, ids).logits
    })
    writeFileSync(join(path, `logits-${i}.f32`), logits.dataSync<'float32'>()) // row-major, [length, vocab]
    logits.dispose()
  }
  writeFileSync(join(path, 'prompts.json'), JSON.stringify({ ...about, prompts }))
  disposeParameters(parameters)
  process.stdout.write(`${path}\n`)
}
