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

  it('frees every tensor when it fails', async () => {
    const before = tf.memory().numTensors
    const absurd = { steps: 12, batchSize: 2, length: 16, learningRate: 1e30, clip: null }
    await expect(trainRun(config('absurd', { training: absurd }))).rejects.toThrow(/The run stopped at step \d+/)
    expect(tf.memory().numTensors).toBe(before)
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

  it('to resume a run that is not there', async () => {
    const run = trainRun(config('none'), { resume: true })
    await expect(run).rejects.toMatchObject({ code: 'run-missing' })
  })

  it.each([
    ['a backend that does not start', { engine: { backend: 'tensorflow' } }, 'engine-unavailable'],
    ['a module that is not installed', { data: { module: 'no-such-texts' } }, 'module-not-found'],
    ['more sequences than the text has', { training: { batchSize: 1000, length: 16, steps: 3 } }, 'text-too-short'],
  ] as [string, Partial<RunConfigInput>, string][])('%s, and leaves no folder', async (_, changes, code) => {
    await expect(trainRun(config('refused', changes))).rejects.toMatchObject({ code })
    expect(await readdir(folder)).not.toContain('refused')
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
