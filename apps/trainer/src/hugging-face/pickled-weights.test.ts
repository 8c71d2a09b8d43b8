import { expect, it } from 'vitest'
import { pickledWeights } from './pickled-weights.js'

it.each([
  ['nothing', ['config.json', 'model.safetensors', 'modeling_swat.py'], []],
  ['all shards, in order', ['pytorch_model-00002-of-00002.bin', 'pytorch_model-00001-of-00002.bin'], [1, 0]],
  ['the official name before others', ['consolidated.pth', 'pytorch_model.bin'], [1]],
  ['one file of another name', ['ckpt.pt', 'other.pt'], [0]],
  [
    'no state of a training',
    ['optimizer.pt', 'scaler.pt', 'scheduler.pt', 'rng_state.pth', 'rng_state_3.pth', 'training_args.bin'],
    [],
  ],
  ['what only begins like such a state', ['optimizers-compared.bin'], [0]],
  ['no file of another folder', ['folder/pytorch_model.bin', '../pytorch_model.bin'], []],
])('finds %s', (_, names, found) => {
  expect(pickledWeights(names)).toEqual(found.map((index) => names[index]))
})
