import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readSafetensors, safetensorsFromFloat32, safetensorsToFloat32, writeSafetensors } from '@swat-js/tensor-core'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { runSwat } from './swat-process.js'
import { tinyConfig, tinyFolder } from './tiny-run.js'

// Every test starts whole processes.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 })

let folder: string
beforeAll(async () => {
  folder = await tinyFolder(
    tinyConfig.replace('tokenizer: { type: byte }', 'tokenizer: { type: byte, endOfDocument: <|endoftext|> }'),
  )
  expect(await runSwat(['train', 'tiny.yaml'], folder)).toMatchObject({ code: 0 })
  expect(await swat('export', '--run', 'runs/tiny', '--to', 'exported')).toMatchObject({ code: 0, stderr: '' })
})
afterAll(() => rm(folder, { recursive: true }))

const swat = (...args: string[]) => runSwat(args, folder)
const read = (...path: string[]) => readFile(join(folder, ...path))
const readJson = async (...path: string[]) =>
  JSON.parse((await read(...path)).toString('utf8')) as Record<string, unknown>

const checkpoint = 'runs/tiny/checkpoints/step-000020'
const generate = async (run: string) => {
  const { code, stdout, stderr } = await swat('generate', '--run', run, '--prompt', 'the', '--tokens', '20')
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return stdout
}

describe('swat export', () => {
  it('writes everything that transformers looks for', async () => {
    expect((await readdir(join(folder, 'exported'))).sort()).toEqual([
      ...['README.md', 'config.json', 'configuration_swat.py', 'generation_config.json', 'model.safetensors'],
      ...['modeling_swat.py', 'special_tokens_map.json', 'tokenizer.json', 'tokenizer_config.json'],
    ])
    expect(await readJson('exported', 'config.json')).toMatchObject({
      model_type: 'swat',
      auto_map: { AutoModelForCausalLM: 'modeling_swat.SWATForCausalLM' },
      torch_dtype: 'float32',
      eos_token_id: 256,
    })
    expect(await readJson('exported', 'tokenizer_config.json')).toMatchObject({ eos_token: '<|endoftext|>' })
    expect(await read('exported', 'model.safetensors')).toEqual(await read(checkpoint, 'model.safetensors'))
    expect((await read('exported', 'README.md')).toString()).toContain('2 layers, width 16, 2 heads, window 8, sigmoid')
  })

  it('runs as it is, and comes back to the byte', async () => {
    const { code, stdout, stderr } = await swat('import', '--from', 'exported', '--to', 'imported')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/Imported {2}exported to imported\nModel {5}[\d,]+ parameters: 2 layers, width 16/)
    for (const name of ['model.safetensors', 'tokenizer.json']) {
      expect(await read('imported', name), name).toEqual(await read(checkpoint, name))
    }
    const texts = [await generate('runs/tiny'), await generate('exported'), await generate('imported')]
    expect(new Set(texts).size).toBe(1)
    expect(await swat('export', '--run', 'imported', '--to', 'again')).toMatchObject({ code: 0 })
    expect(await readJson('again', 'config.json')).toMatchObject({ eos_token_id: 256 })
  })

  it('writes several files, in another type', async () => {
    const options = ['--shard-size', '8KB', '--dtype', 'bfloat16']
    const { code, stdout } = await swat('export', '--run', 'runs/tiny', '--to', 'sharded', ...options)
    expect(code).toBe(0)
    expect(stdout).toMatch(/to {8}sharded, bfloat16, weights in \d files\n/)
    const index = (await readJson('sharded', 'model.safetensors.index.json')) as { weight_map: Record<string, string> }
    expect(new Set(Object.values(index.weight_map)).size).toBeGreaterThan(2)
    expect(await swat('import', '--from', 'sharded', '--to', 'from-sharded')).toMatchObject({ code: 0 })
    const whole = readSafetensors(await read(checkpoint, 'model.safetensors'))
    const back = readSafetensors(await read('from-sharded', 'model.safetensors'))
    expect([...back.tensors.keys()].sort()).toEqual([...whole.tensors.keys()].sort())
    for (const [name, entry] of whole.tensors) {
      const rounded = safetensorsFromFloat32(safetensorsToFloat32(entry), entry.shape, 'BF16')
      expect(back.tensors.get(name)?.data, name).toEqual(safetensorsToFloat32(rounded))
    }
  })

  it('replaces its own work only, and when it is told to', async () => {
    const again = ['export', '--run', 'runs/tiny', '--to', 'exported']
    expect((await swat(...again)).stderr).toMatch(/exported is an export already. Add --force to replace it/)
    expect(await swat(...again, '--force')).toMatchObject({ code: 0, stderr: '' })
    const { code, stderr } = await swat('export', '--run', 'runs/tiny', '--to', 'runs', '--force')
    expect(code).toBe(1)
    expect(stderr).toMatch(/runs is a folder with other files/)
    expect((await readdir(folder)).filter((name) => /exporting|replaced/.test(name))).toEqual([])
  })

  it('refuses a recurrence, and sizes that are none', async () => {
    const set = ['model.baseline=gla', 'model.window=null', 'training.steps=1', 'training.warmupSteps=0']
    const train = await swat('train', 'tiny.yaml', '--name', 'gla', ...set.flatMap((one) => ['--set', one]))
    expect(train).toMatchObject({ code: 0, stderr: '' })
    const refused = await swat('export', '--run', 'runs/gla', '--to', 'gla')
    expect(refused).toMatchObject({ code: 1, stdout: '' })
    expect(refused.stderr).toMatch(/the model must have attention, but its mixer is gla/)
    expect(await readdir(folder)).not.toContain('gla')
    const size = await swat('export', '--run', 'runs/tiny', '--to', 'gla', '--shard-size', '0MB')
    expect(size.stderr).toMatch(/Expected a size such as 500MB or 5GB/)
  })
})

describe('swat import', () => {
  /** A copy of the export with one thing changed. */
  const changed = async (name: string, change: (path: string) => Promise<unknown>) => {
    await cp(join(folder, 'exported'), join(folder, name), { recursive: true })
    await change(join(folder, name))
    return swat('import', '--from', name, '--to', `${name}-imported`)
  }

  it('reads the older layout of the authors: a fused gate, and norms inside the layers', async () => {
    const { code, stderr } = await changed('older', async (path) => {
      const file = readSafetensors(await readFile(join(path, 'model.safetensors')))
      const tensors = new Map(file.tensors)
      for (const [name, entry] of file.tensors) {
        const inside = name.replace(/\.(attn|mlp)_norm\.weight$/, '.$1.norm.weight')
        if (inside !== name) {
          tensors.delete(name)
          tensors.set(inside, entry)
        }
        if (!name.endsWith('.gate_proj.weight')) continue
        const up = name.replace('gate_proj', 'up_proj')
        const halves = [entry, file.tensors.get(up)!].map((half) => [...safetensorsToFloat32(half)])
        tensors.set(name, safetensorsFromFloat32(Float32Array.from(halves.flat()), [64, 16], 'F32'))
        tensors.delete(up)
      }
      await writeFile(join(path, 'model.safetensors'), writeSafetensors([...tensors]))
    })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const [back, trained] = [
      await read('older-imported', 'model.safetensors'),
      await read(checkpoint, 'model.safetensors'),
    ]
    expect(back).toEqual(trained)
  })

  it.each(['float32', 'float16', 'bfloat16'])('reads biases and a learned table in %s', async (dtype) => {
    const of = `biased-${dtype}`
    const set = ['qkvBias=true', 'qkNorm=true', 'tied=false', 'slopes=none', 'positionBias={type: learned, length: 8}']
    if (dtype === 'float32') {
      const options = [...set.map((one) => `model.${one}`), 'training.steps=2', 'training.warmupSteps=0']
      const train = ['train', 'tiny.yaml', '--name', 'biased', ...options.flatMap((one) => ['--set', one])]
      expect(await swat(...train)).toMatchObject({ code: 0, stderr: '' })
    }
    const exported = await swat('export', '--run', 'runs/biased', '--to', of, '--dtype', dtype)
    expect(exported).toMatchObject({ code: 0, stderr: '' })
    // The official class knows no key that begins with swat_.
    const config = Object.entries(await readJson(of, 'config.json')).filter(([key]) => !key.startsWith('swat_'))
    const official = { ...Object.fromEntries(config), max_bias_length: 8, norm_first: true, hidden_act: 'silu' }
    await writeFile(join(folder, of, 'config.json'), JSON.stringify(official))
    const imported = await swat('import', '--from', of, '--to', `${of}-imported`)
    expect(imported).toMatchObject({ code: 0, stderr: '' })
    const trained = readSafetensors(await read('runs/biased/checkpoints/step-000002', 'model.safetensors'))
    const back = readSafetensors(await read(`${of}-imported`, 'model.safetensors'))
    expect([...back.tensors.keys()].sort()).toEqual([...trained.tensors.keys()].sort())
    expect([...back.tensors.keys()]).toContain('model.layers.1.attn.q_proj.bias')
    expect([...back.tensors.keys()]).toContain('model.layers.1.attn.learnable_bias_diagonals')
    const type = { float32: 'F32', float16: 'F16', bfloat16: 'BF16' }[dtype] as 'F32' | 'F16' | 'BF16'
    for (const [name, entry] of trained.tensors) {
      const rounded = safetensorsFromFloat32(safetensorsToFloat32(entry), entry.shape, type)
      expect(back.tensors.get(name)?.data, name).toEqual(safetensorsToFloat32(rounded))
    }
    expect(await generate(`${of}-imported`)).toBeTruthy()
  })

  it('refuses pickled weights with the way to convert them, not what a training leaves beside them', async () => {
    const beside = ['optimizer.pt', 'rng_state.pth', 'rng_state_0.pth', 'scheduler.pt', 'training_args.bin']
    const shards = ['pytorch_model-00001-of-00002.bin', 'pytorch_model-00002-of-00002.bin']
    const { code, stderr } = await changed('pickled', async (path) => {
      await rm(join(path, 'model.safetensors'))
      for (const name of [...beside, ...shards]) await writeFile(join(path, name), 'x')
    })
    expect(code).toBe(1)
    expect(stderr).toMatch(/has its weights in pytorch_model-00001-of-00002.bin, which runs code when it is opened/)
    expect(stderr).toMatch(new RegExp(`for file in \\['${shards.join("', '")}'\\]\\].*save_file`))
    for (const name of beside) expect(stderr).not.toContain(name)
    expect(await readdir(folder)).not.toContain('pickled-imported')
  })

  it('names the ids that the tokenizer lacks, so that a padded model runs', async () => {
    const imported = await changed('padded', async (path) => {
      const config = JSON.parse(await readFile(join(path, 'config.json'), 'utf8')) as { vocab_size: number }
      await writeFile(join(path, 'config.json'), JSON.stringify({ ...config, vocab_size: 260 }))
      const tensors = new Map(readSafetensors(await readFile(join(path, 'model.safetensors'))).tensors)
      const embeddings = tensors.get('model.embeddings.weight')!
      const values = new Float32Array(260 * 16)
      values.set(safetensorsToFloat32(embeddings))
      tensors.set('model.embeddings.weight', safetensorsFromFloat32(values, [260, 16], 'F32'))
      await writeFile(join(path, 'model.safetensors'), writeSafetensors([...tensors]))
    })
    expect(imported).toMatchObject({ code: 0, stderr: '' })
    expect(imported.stdout).toContain('3 that the tokenizer lacks are <|unused-…|> now')
    const { added_tokens: added } = (await readJson('padded-imported', 'tokenizer.json')) as {
      added_tokens: { id: number; content: string }[]
    }
    expect(added.map(({ id, content }) => [id, content])).toEqual([
      [256, '<|endoftext|>'],
      ...[257, 258, 259].map((id) => [id, `<|unused-${id}|>`]),
    ])
    await generate('padded-imported')
    expect(await swat('export', '--run', 'padded-imported', '--to', 'padded-again')).toMatchObject({ code: 0 })
    expect(await readJson('padded-again', 'config.json')).toMatchObject({ vocab_size: 260, eos_token_id: 256 })
  })

  it.each<[string, (path: string) => Promise<unknown>, RegExp]>([
    [
      'no-config',
      (path) => rm(join(path, 'config.json')),
      /config.json cannot be read \(ENOENT\). It says what the model/,
    ],
    ['bad-config', (path) => writeFile(join(path, 'config.json'), '{'), /config.json is not JSON/],
    ['null-config', (path) => writeFile(join(path, 'config.json'), 'null'), /config.json must hold an object/],
    [
      'led-out',
      async (path) => {
        const index = { weight_map: { 'model.norm.weight': '../exported/model.safetensors' } }
        await rm(join(path, 'model.safetensors'))
        await writeFile(join(path, 'model.safetensors.index.json'), JSON.stringify(index))
      },
      /must be in a file of the same folder/,
    ],
    ['other-model', (path) => writeFile(join(path, 'config.json'), '{"model_type":"llama"}'), /must be "swat", but is/],
    ['no-weights', (path) => rm(join(path, 'model.safetensors')), /neither model.safetensors nor/],
    ['cut', (path) => writeFile(join(path, 'model.safetensors'), 'x'), /model.safetensors/],
    ['no-tokenizer', (path) => rm(join(path, 'tokenizer.json')), /tokenizer.json.* Give another one with --tokenizer/],
    [
      'other-size',
      async (path) => {
        const config = JSON.parse(await readFile(join(path, 'config.json'), 'utf8')) as object
        await writeFile(join(path, 'config.json'), JSON.stringify({ ...config, num_hidden_layers: 3 }))
      },
      /model\.layers\.2/,
    ],
  ])('refuses %s and leaves nothing', async (name, change, message) => {
    const { code, stdout, stderr } = await changed(name, change)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(message)
    expect(await readdir(folder)).not.toContain(`${name}-imported`)
  })

  it('takes another tokenizer, and no folder that is there', async () => {
    await mkdir(join(folder, 'there'))
    await writeFile(join(folder, 'there', 'file'), '')
    const there = await swat('import', '--from', 'exported', '--to', 'there')
    expect(there.stderr).toMatch(/there is there already. Choose a new folder/)
    await writeFile(join(folder, 'a-file'), 'precious')
    const file = await swat('import', '--from', 'exported', '--to', 'a-file')
    expect(file.stderr).toMatch(/a-file cannot be a folder \(ENOTDIR\). Choose a new one/)
    expect((await read('a-file')).toString()).toBe('precious')
    const tokenizer = await changed('without', (path) => rm(join(path, 'tokenizer.json')))
    expect(tokenizer.code).toBe(1)
    const options = ['--from', 'without', '--to', 'with', '--tokenizer', join(checkpoint, 'tokenizer.json')]
    expect(await swat('import', ...options)).toMatchObject({ code: 0, stderr: '' })
  })
})
