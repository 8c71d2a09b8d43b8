import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { disposeParameters, tf, useEngine } from '@swat-js/tensor-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { resolveRunConfig } from './config/resolve-run-config.js'
import type { RunConfigInput } from './config/run-config.js'
import { continueText } from './evaluation/continue-text.js'
import { loadRun } from './load-run.js'
import type { RunEvent } from './progress/run-event.js'
import { trainRun } from './run.js'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'swat-run-'))
  await writeFile(join(folder, 'text.txt'), 'The whale swims and the ship sails. '.repeat(60))
})
afterAll(() => rm(folder, { recursive: true }))

const config = (name: string, changes: Partial<RunConfigInput> = {}) =>
  resolveRunConfig({
    name,
    data: { path: join(folder, 'text.txt') },
    engine: { backend: 'cpu' },
    tokenizer: { type: 'byte' },
    model: { preset: 'nano', hiddenSize: 16, layers: 1, heads: 2, window: 8, intermediateSize: 32 },
    training: { steps: 12, batchSize: 2, length: 16, learningRate: 1e-2 },
    validation: { every: 4, tokens: 50 },
    sample: { every: 6, tokens: 4 },
    checkpoint: { every: 5, keep: 1 },
    output: { folder },
    ...changes,
  })

describe('trainRun', () => {
  it('frees every tensor, and tells events in order', async () => {
    await useEngine({ backend: 'cpu' })
    const before = tf.memory()
    const events: RunEvent[] = []
    const summary = await trainRun(config('whole'), { report: (event) => events.push(event) })
    const { numTensors, numBytes } = tf.memory()
    expect({ numTensors, numBytes }).toEqual({ numTensors: before.numTensors, numBytes: before.numBytes })

    const told = events.filter(({ event }) => event !== 'progress' && event !== 'step').map((event) => event.event)
    const [interval, last] = [['validation'], ['checkpoint', 'validation', 'sample', 'end']]
    expect(told).toEqual(['start', ...interval, 'checkpoint', 'sample', ...interval, 'checkpoint', ...last])
    const losses = events.flatMap((event) => (event.event === 'validation' ? [event.loss] : []))
    expect(summary.validationLoss).toBe(losses[2])
    expect(summary.bestValidation).toEqual({ step: 8, loss: losses[1] })
    expect(losses[1]).toBeLessThan(losses[0])
  })

  it('says that there is nothing to tune without a GPU', async () => {
    const notices: string[] = []
    await trainRun(config('untuned', { engine: { backend: 'cpu', tune: true } }), {
      report: (event) => event.event === 'notice' && notices.push(event.text),
    })
    expect(notices).toEqual(['engine.tune is for the webgpu engine; cpu computes as ever.'])
    expect(await readdir(join(folder, 'untuned'))).not.toContain('tuning.json')
  })

  it('frees every tensor when it fails', async () => {
    const before = tf.memory().numTensors
    const absurd = { steps: 12, batchSize: 2, length: 16, learningRate: 1e30, clip: null }
    await expect(trainRun(config('absurd', { training: absurd }))).rejects.toThrow(/The run stopped at step \d+/)
    expect(tf.memory().numTensors).toBe(before)
  })

  it('trains with a scaling of rotary positions, and its checkpoint has it', async () => {
    const rope = { base: 500, scaling: { type: 'yarn', factor: 4, originalLength: 16 } }
    const { model } = config('scaled')
    await trainRun(config('scaled', { model: { ...model, rope } }))
    const loaded = await loadRun(join(folder, 'scaled'))
    expect(loaded.model.rope).toEqual({ base: 500, scaling: { ...rope.scaling, mscale: 1 } })
    disposeParameters(loaded.parameters)
    const json = await readFile(join(folder, 'scaled/checkpoints/step-000012/config.json'), 'utf8')
    expect(JSON.parse(json)).toMatchObject({
      rope_theta: 500,
      rope_scaling: { rope_type: 'yarn', attention_factor: 1 },
    })
  })

  it('stops in order when its signal aborts, and goes on when asked to', async () => {
    const controller = new AbortController()
    const stopped = await trainRun(config('stopped'), {
      signal: controller.signal,
      report: (event) => event.event === 'step' && event.step === 8 && controller.abort(),
    })
    expect(stopped).toMatchObject({ reason: 'interrupted', step: 8, validationLoss: null })
    const resumed = await trainRun(config('stopped'), { resume: true })
    const straight = await trainRun(config('straight'))
    const numbers = ['step', 'tokens', 'trainLoss', 'validationLoss', 'bitsPerByte', 'bestValidation'] as const
    for (const key of numbers) expect(resumed[key], key).toEqual(straight[key])
  })

  describe('interrupted, goes on to the same numbers across the border of an epoch:', () => {
    // the 8th batch of 4 × 64 tokens holds the end of an epoch and the beginning of the next
    const long = (name: string) =>
      config(name, {
        training: { steps: 12, batchSize: 4, length: 64, learningRate: 1e-2 },
        validation: { every: 3, tokens: 50 },
        sample: { every: 6, tokens: 4 },
      })
    const metricsOf = async (name: string) => {
      const lines = (await readFile(join(folder, name, 'metrics.jsonl'), 'utf8')).trimEnd().split('\n')
      return lines.map((line) => ({ ...(JSON.parse(line) as object), seconds: 0, tokensPerSecond: 0 }))
    }
    beforeAll(async () => {
      await trainRun(long('unbroken'))
      const state = await readFile(join(folder, 'unbroken/checkpoints/step-000012/state.json'), 'utf8')
      expect(JSON.parse(state)).toMatchObject({ cursor: [{ epoch: 1, sequence: 17 }] })
    })

    it.each<[what: string, step: number, event: RunEvent['event']]>([
      ['in a validation', 6, 'progress'],
      ['in a sample', 6, 'validation'],
      ['in the last validation', 12, 'progress'],
      ['in the last sample', 12, 'validation'],
    ])('%s', async (what, step, breakAt) => {
      const name = what.replaceAll(' ', '-')
      const controller = new AbortController()
      let reached = 0
      const summary = await trainRun(long(name), {
        signal: controller.signal,
        report(event) {
          if (event.event === 'step') reached = event.step
          if (reached === step && event.event === breakAt) controller.abort()
        },
      })
      expect(summary).toMatchObject({ reason: 'interrupted', step, validationLoss: null, bitsPerByte: null })
      const entries = ['checkpoints', 'config.json', 'metrics.jsonl']
      expect((await readdir(join(folder, name))).sort()).toEqual(entries)
      const resumed = await trainRun(long(name), { resume: true })
      expect(resumed.reason).toBe('finished')
      expect(await metricsOf(name)).toEqual(await metricsOf('unbroken'))
    })
  })

  it('frees everything when whoever watches it fails', async () => {
    const before = tf.memory().numTensors
    const files = existsSync('/proc/self/fd') ? await readdir('/proc/self/fd') : []
    const report = () => {
      throw new Error('nobody watches')
    }
    await expect(trainRun(config('unwatched'), { report })).rejects.toThrow('nobody watches')
    expect(tf.memory().numTensors).toBe(before)
    if (files.length > 0) expect(await readdir('/proc/self/fd')).toHaveLength(files.length)
    expect((await readdir(join(folder, 'unwatched'))).sort()).toEqual(['config.json', 'metrics.jsonl'])
  })

  it('keeps a second process out of its folder, but takes over from one that is gone', async () => {
    const lock = join(folder, 'straight/lock')
    await writeFile(lock, `${process.ppid}\n`)
    const refused = trainRun(config('straight'), { resume: true })
    await expect(refused).rejects.toMatchObject({ code: 'run-locked' })
    await expect(refused).rejects.toThrow(`straight is being trained by process ${process.ppid}. Stop that process`)
    const { pid } = spawnSync(process.execPath, ['--version'])
    await writeFile(lock, `${pid}\n`)
    await expect(trainRun(config('straight'), { resume: true })).resolves.toMatchObject({ step: 12 })
    expect(existsSync(lock)).toBe(false)
  })

  it('says so when a run goes on on another backend', async () => {
    const notices: string[] = []
    await trainRun(config('straight', { engine: { backend: 'wasm' } }), {
      resume: true,
      report: (event) => event.event === 'notice' && notices.push(event.text),
    })
    expect(notices).toEqual(['The run was on cpu and goes on on wasm: last digits will differ.'])
  })
})

describe('trainRun refuses', () => {
  /** A copy of the run `straight` with one JSON file changed. */
  async function changed(name: string, file: string, change: (json: Record<string, unknown>) => object) {
    await cp(join(folder, 'straight'), join(folder, name), { recursive: true })
    const path = join(folder, name, file)
    await writeFile(path, JSON.stringify(change(JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>)))
    return trainRun(config(name), { resume: true })
  }

  it('to go on with another text', async () => {
    const run = changed('text', 'config.json', (json) => ({
      ...json,
      text: { trainTokens: 1, validationTokens: 2, digest: 'another' },
    }))
    await expect(run).rejects.toThrow(/the text itself \(was 1 \+ 2 tokens, now \d+ \+ \d+ tokens\)/)
  })

  it('to go on from a checkpoint of another model', async () => {
    const run = changed('foreign', 'checkpoints/step-000012/config.json', (json) => ({ ...json, window_size: 5 }))
    await expect(run).rejects.toThrow('step-000012 holds another model than the run trains')
  })

  it('to go on from a state that says nothing', async () => {
    const run = changed('stateless', 'checkpoints/step-000012/state.json', () => ({}))
    await expect(run).rejects.toThrow('does not say where a run stood')
  })

  it('to go on without the moments of the optimizer', async () => {
    const file = 'checkpoints/step-000012/optimizer.safetensors'
    await cp(join(folder, 'straight'), join(folder, 'momentless'), { recursive: true })
    await rm(join(folder, 'momentless', file))
    const run = trainRun(config('momentless'), { resume: true })
    const path = join(folder, 'momentless', file)
    await expect(run).rejects.toThrow(`${path} is missing. Remove this checkpoint to use the one before it.`)
  })

  it('to resume a run that is not there', async () => {
    const run = trainRun(config('none'), { resume: true })
    await expect(run).rejects.toMatchObject({ code: 'run-missing' })
  })

  it.each([
    ['a backend that does not start', { engine: { backend: 'tensorflow' } }, 'engine-unavailable'],
    ['a module that is not installed', { data: { module: 'no-such-texts' } }, 'module-not-found'],
    ['a sequence longer than the text', { training: { batchSize: 1, length: 100_000, steps: 3 } }, 'text-too-short'],
  ] as [string, Partial<RunConfigInput>, string][])('%s, and leaves no folder', async (_, changes, code) => {
    await expect(trainRun(config('refused', changes))).rejects.toMatchObject({ code })
    expect(await readdir(folder)).not.toContain('refused')
  })
})

describe('trainRun says what is wrong before any work:', () => {
  it.each<[what: string, changes: Partial<RunConfigInput>, message: string]>([
    ['too little to measure', { split: { validationShare: 0.0001 } }, 'split.validationShare: a share of 0.0001 holds'],
    ['no tokenizer file', { tokenizer: { file: 'nope.json' } }, 'tokenizer.file: there is no file nope.json. Give'],
  ])('%s', async (_, changes, message) => {
    await expect(trainRun(config('refused', changes))).rejects.toThrow(message)
    expect(await readdir(folder)).not.toContain('refused')
  })

  it('a folder that cannot be made, before it reads the text', async () => {
    const changes = { data: { path: 'nowhere.txt' }, output: { folder: join(folder, 'text.txt') } }
    await expect(trainRun(config('refused', changes))).rejects.toMatchObject({ code: 'run-not-written' })
  })

  // Only Linux has a file system that says that new folders do not exist.
  it.skipIf(!existsSync('/proc/self'))('a folder where none can be made', async () => {
    const run = trainRun(config('refused', { output: { folder: '/proc/runs' } }))
    await expect(run).rejects.toThrow(/^\/proc\/runs\/refused cannot be written: no folder can be made there\./)
  })

  it('and leaves folders that it made for nothing as little as files', async () => {
    const changes = { data: { path: 'nowhere.txt' }, output: { folder: join(folder, 'deep/er') } }
    await expect(trainRun(config('refused', changes))).rejects.toThrow('nowhere.txt')
    expect(await readdir(folder)).not.toContain('deep')
  })
})

describe('training.maxMinutes', () => {
  it('ends a session in order, and the next one goes on', async () => {
    const training = { steps: 1_000_000, batchSize: 2, length: 16, warmupSteps: 2, maxMinutes: 0.005 }
    const first = await trainRun(config('timed', { training }))
    expect(first.reason).toBe('time-limit')
    expect(first.validationLoss).toBeGreaterThan(0)
    const second = await trainRun(config('timed', { training }), { resume: true })
    expect(second.step).toBeGreaterThanOrEqual(first.step)
    const summary = JSON.parse(await readFile(join(folder, 'timed/summary.json'), 'utf8')) as unknown
    expect(summary).toEqual(second)
  })
})

describe('loadRun', () => {
  it.each([
    ['nowhere', 'there is no such folder'],
    ['.', 'there is no checkpoint in it'],
  ])('refuses %s', async (path, message) => {
    await expect(loadRun(join(folder, path))).rejects.toThrow(message)
  })

  it('gives a model that writes', async () => {
    const run = await loadRun(join(folder, 'straight'))
    const pieces: string[] = []
    const options = { tokens: 10, temperature: 0, topK: null, seed: 1 }
    for await (const piece of continueText(run, 'The whale', options)) pieces.push(piece)
    expect(pieces.join('').length).toBeGreaterThan(0)
    disposeParameters(run.parameters)
  })
})

describe('a run on webgpu', () => {
  it('whose device is lost says so, keeps its checkpoint, and goes on from it', { timeout: 480_000 }, async () => {
    const onWebgpu = (name: string) => config(name, { engine: { backend: 'webgpu' } })
    const loseDevice = () => (tf.backend() as unknown as { device: GPUDevice }).device.destroy()
    const lost = trainRun(onWebgpu('lost'), {
      report: (event) => event.event === 'step' && event.step === 7 && loseDevice(),
    })
    const stops =
      /^The run stopped at step [89]: the GPU device was lost \(destroyed\).*step-000005.*Go on from it with --resume/s
    await expect(lost).rejects.toThrow(stops)
    const resumed = await trainRun(onWebgpu('lost'), { resume: true })
    const straight = await trainRun(onWebgpu('never-lost'))
    const numbers = ['step', 'tokens', 'trainLoss', 'validationLoss'] as const
    for (const key of numbers) expect(resumed[key], key).toEqual(straight[key])
  })
})
