import { execFileSync } from 'node:child_process'
import { cp, mkdir, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readSafetensors, writeSafetensors } from '@swat-js/tensor-core'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { runSwat, type Outcome } from './swat-process.js'
import { tinyFolder } from './tiny-run.js'

// Every test starts whole processes.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 })

let folder: string
beforeAll(async () => {
  folder = await tinyFolder()
  await writeFile(join(folder, 'empty.txt'), '')
  await writeFile(join(folder, 'short.txt'), 'Call me Ishmael.')
  expect(await runSwat(['train', 'tiny.yaml', '--set', 'training.steps=10'], folder)).toMatchObject({ code: 0 })
})
afterAll(() => rm(folder, { recursive: true }))

/** Expects exit code 1, nothing but one line on standard error, no stack trace; returns the line. */
function messageOf({ code, signal, stderr }: Outcome): string {
  expect({ code, signal }).toEqual({ code: 1, signal: null })
  expect(stderr).toMatch(/^swat: [^\n]+\n$/)
  expect(stderr).not.toMatch(/ at .*\.(ts|js):\d+:\d+\)/)
  return stderr.trimEnd()
}

const train = async (...set: string[]) =>
  messageOf(await runSwat(['train', 'tiny.yaml', '--name', 'bad', ...set.flatMap((value) => ['--set', value])], folder))

/** A copy of the trained run, to be damaged. */
async function copyOfRun(name: string): Promise<{ run: string; checkpoint: string }> {
  const run = join('runs', name)
  await cp(join(folder, 'runs/tiny'), join(folder, run), { recursive: true })
  return { run, checkpoint: join(folder, run, 'checkpoints/step-000010') }
}
const generate = async (run: string) => messageOf(await runSwat(['generate', '--run', run, '--prompt', 'the'], folder))

describe('a configuration that cannot be', () => {
  it('missing configuration file', async () => {
    const message = messageOf(await runSwat(['train', 'nowhere.yaml'], folder))
    expect(message).toBe('swat: nowhere.yaml: there is no such file. Give the path of a YAML or JSON configuration.')
  })

  it.each<[what: string, set: string, message: string]>([
    ['unknown key', 'training.stpes=4', "training.stpes: unknown key 'stpes'; did you mean 'steps'?"],
    ['wrong type', 'training.steps=many', '--set training.steps=many: training.steps: expected a number, got "many".'],
    ['unknown preset', 'model.preset=mikro', "did you mean 'micro'?"],
    ['odd head dimension with RoPE', 'model.hiddenSize=10', 'headDim must be even'],
    ['heads no multiple of key heads', 'model={heads: 4, kvHeads: 3}', 'kvHeads must divide heads (4), but is 3'],
    ['window 0', 'model.window=0', '--set model.window=0: model.window: window must be a positive integer'],
    ['negative window', 'model.window=-3', 'but is -3'],
  ])('%s', async (_, set, message) => {
    expect(await train(set)).toContain(message)
  })
})

describe('text that cannot be trained on', () => {
  it.each([
    ['missing file', 'data.path=nowhere.txt', 'there is no file or folder nowhere.txt'],
    ['empty file', 'data.path=empty.txt', 'empty.txt has no text'],
    ['shorter than one sequence', 'data.path=short.txt', 'one sequence of length 16 needs 17'],
  ])('%s', async (_, set, message) => {
    expect(await train(set, 'output.folder=clean')).toContain(message)
    expect(await readdir(folder)).not.toContain('clean')
  })
})

describe('a loss that is not finite', () => {
  it('stops the run, names the step and keeps the last checkpoint', async () => {
    const set = ['output.folder=absurd', 'training.learningRate=1e30', 'training.warmupSteps=4', 'checkpoint.every=1']
    const message = await train(...set, 'training.clip=null')
    const lines = (await readFile(join(folder, 'absurd/bad/metrics.jsonl'), 'utf8')).trimEnd().split('\n')
    const events = lines.map((line) => JSON.parse(line) as { event: string; step: number; loss: number })
    const steps = events.filter(({ event }) => event === 'step')
    const last = steps.at(-1)?.step ?? 0
    expect(last).toBeGreaterThan(0)
    expect(steps.every(({ loss }) => Number.isFinite(loss))).toBe(true)
    const checkpoint = `absurd/bad/checkpoints/step-${String(last).padStart(6, '0')}`
    expect(message).toContain(`swat: The run stopped at step ${last + 1}: `)
    expect(message).toContain(`The last good checkpoint is ${checkpoint}. `)
    const weights = readSafetensors(await readFile(join(folder, checkpoint, 'model.safetensors')))
    for (const { data } of weights.tensors.values()) expect(Array.from(data, Number).every(Number.isFinite)).toBe(true)
  })

  it('is not hidden when a checkpoint holds NaN', async () => {
    const { run, checkpoint } = await copyOfRun('poisoned')
    const path = join(checkpoint, 'model.safetensors')
    const { tensors, metadata } = readSafetensors(await readFile(path))
    const poisoned = [...tensors].map(([name, entry]) => {
      const data = name === 'model.norm.weight' ? new Float32Array(16).fill(NaN) : entry.data
      return [name, { ...entry, data }] as const
    })
    await writeFile(path, writeSafetensors(poisoned, metadata))
    expect(await generate(run)).toContain('finite')
    const constant = ['--set', 'training.steps=10']
    const resumed = messageOf(await runSwat(['train', 'tiny.yaml', ...constant, '--resume', run], folder))
    expect(resumed).toContain('not usable')
  })
})

describe('a checkpoint that cannot be used', () => {
  it('truncated weights', async () => {
    const { run, checkpoint } = await copyOfRun('truncated')
    const path = join(checkpoint, 'model.safetensors')
    await truncate(path, (await stat(path)).size - 100)
    expect(await generate(run)).toMatch(/step-000010\/model\.safetensors: .*cut short.* Remove this checkpoint/)
  })

  it('garbage for weights', async () => {
    const { run, checkpoint } = await copyOfRun('garbage')
    await writeFile(join(checkpoint, 'model.safetensors'), 'These are no weights at all.')
    expect(await generate(run)).toContain('step-000010/model.safetensors: ')
  })

  it('weights of another model', async () => {
    const { run, checkpoint } = await copyOfRun('another')
    const path = join(checkpoint, 'config.json')
    const config = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>
    await writeFile(path, JSON.stringify({ ...config, hidden_size: 32 }))
    expect(await generate(run)).toContain('model.embeddings.weight should be [256, 32] and is [256, 16]')
  })

  it('tokenizer of another model', async () => {
    const { run, checkpoint } = await copyOfRun('tokenizer')
    const path = join(checkpoint, 'tokenizer.json')
    const tokenizer = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>
    const added = { id: 256, content: '<|endoftext|>', special: true, single_word: false, lstrip: false, rstrip: false }
    await writeFile(path, JSON.stringify({ ...tokenizer, added_tokens: [{ ...added, normalized: false }] }))
    expect(await generate(run)).toContain('tokenizer.json has 257 tokens, but the model has 256')
  })
})

describe('a run that is there already, or not', () => {
  it('is not overwritten', async () => {
    const before = await readFile(join(folder, 'runs/tiny/metrics.jsonl'))
    const message = messageOf(await runSwat(['train', 'tiny.yaml'], folder))
    expect(message).toMatch(
      /runs\/tiny exists already\. Go on with it by .* train --resume runs\/tiny, or start another run by --name/,
    )
    expect(await readFile(join(folder, 'runs/tiny/metrics.jsonl'))).toEqual(before)
  })

  it('is not resumed as another run', async () => {
    const set = ['--set', 'seed=2', '--set', 'training.length=8', '--set', 'training.steps=10']
    const message = messageOf(await runSwat(['train', 'tiny.yaml', '--resume', ...set], folder))
    expect(message).toContain('What differs: seed (was 1, now 2); training.length (was 16, now 8). Restore these')
  })
})

/** Mounts a file system of its own on the folder `disk`. */
async function mountDisk(options: string, skip: (reason: string) => never): Promise<string> {
  const disk = join(folder, 'disk')
  await mkdir(disk, { recursive: true })
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', disk], { stdio: 'ignore' })
  } catch {
    skip('a file system of its own can only be mounted by root')
  }
  return disk
}

describe('a place that cannot be written', () => {
  it('part of the path is a file', async () => {
    const message = await train('output.folder=text.txt')
    expect(message).toMatch(/text\.txt\/bad cannot be written: a part of the path is a file/)
  })

  it('a folder that is read-only', async ({ skip }) => {
    const disk = await mountDisk('ro', skip)
    try {
      const message = await train('output.folder=disk')
      expect(message).toMatch(/disk\/bad cannot be written: .*read-only/)
    } finally {
      execFileSync('umount', [disk])
    }
  })

  it('full disk: stops with the reason and keeps whole checkpoints only', async ({ skip }) => {
    const disk = await mountDisk('size=400k', skip)
    try {
      const set = ['training.steps=100', 'checkpoint.every=1', 'checkpoint.keep=100']
      const message = await train('output.folder=disk', ...set)
      expect(message).toMatch(/disk\/bad\/.*(ENOSPC|disk is full)/)
      const checkpoints = await readdir(join(disk, 'bad/checkpoints'))
      expect(checkpoints.length).toBeGreaterThan(0)
      for (const name of checkpoints) {
        expect(name).toMatch(/^step-\d{6}$/)
        expect((await readdir(join(disk, 'bad/checkpoints', name))).sort()).toEqual([
          'config.json',
          'model.safetensors',
          'optimizer.safetensors',
          'state.json',
          'tokenizer.json',
        ])
      }
    } finally {
      execFileSync('umount', [disk])
    }
  })
})

describe('--verbose', () => {
  it('tells where an error comes from', async () => {
    const { code, stderr } = await runSwat(['train', 'nowhere.yaml', '--verbose'], folder)
    expect(code).toBe(1)
    expect(stderr).toMatch(/there is no such file[\s\S]* at async readRunConfig .*\.js:\d+:\d+/)
  })
})
