// Writes random models as folders that transformers can load, and the prompts of the comparison beside them:
//   npx tsx --conditions=@swat-js/source packages/models/test/pytorch/write-folders.ts <folder> [preset]
// The small models of the fixture, or one preset with prompts shorter and longer than its window. Then:
//   python packages/models/test/pytorch/compute_logits.py <folder>
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createRandom, disposeParameters, parametersToSafetensors, tf, useEngine } from '@swat-js/tensor-core'
import {
  initializeParameters,
  presetConfig,
  swatTransformer,
  toHuggingFaceConfig,
  type PresetName,
  type SwatConfig,
} from '../../src/index.js'
import { pythonFiles } from '../../src/hugging-face/python-files.generated.js'
import { pytorchModels, pytorchPrompts } from '../fixtures/pytorch-models.js'

const [folder, preset] = process.argv.slice(2)
await useEngine({ backend: 'wasm' })
if (preset === undefined) {
  for (const { name, seed, config } of pytorchModels) await write(name, config, seed, pytorchPrompts)
} else {
  const config = presetConfig(preset as PresetName)
  const prompts = [100, 600].map((length) => Array.from({ length }, (_, i) => (i * i * 7 + 11 * i) % config.vocabSize))
  await write(preset, config, 1, prompts)
}

async function write(name: string, config: SwatConfig, seed: number, prompts: number[][]): Promise<void> {
  const path = join(folder, name)
  mkdirSync(path, { recursive: true })
  const auto_map = {
    AutoConfig: 'configuration_swat.SWATConfig',
    AutoModelForCausalLM: 'modeling_swat.SWATForCausalLM',
  }
  writeFileSync(join(path, 'config.json'), JSON.stringify({ ...toHuggingFaceConfig(config), auto_map }, null, 2))
  for (const [file, text] of Object.entries(pythonFiles)) writeFileSync(join(path, file), text)
  const parameters = initializeParameters(config, createRandom(seed))
  writeFileSync(join(path, 'model.safetensors'), await parametersToSafetensors(parameters, { format: 'pt' }))
  for (const [i, prompt] of prompts.entries()) {
    const logits = tf.tidy(() => {
      const ids = tf.tensor2d([prompt], [1, prompt.length], 'int32')
      return swatTransformer(parameters, config, ids).logits
    })
    writeFileSync(join(path, `logits-${i}.f32`), logits.dataSync<'float32'>()) // row-major, [length, vocab]
    logits.dispose()
  }
  writeFileSync(join(path, 'prompts.json'), JSON.stringify({ name, seed, prompts }))
  disposeParameters(parameters)
  process.stdout.write(`${path}\n`)
}
