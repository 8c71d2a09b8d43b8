import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { webgpuUnavailable } from '@swat-js/tensor-core/testing'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { outcomeOf, runSwat, startProgram, startSwat } from './swat-process.js'
import { tinyFolder, tinyText } from './tiny-run.js'

const folders: string[] = []
afterAll(async () => {
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true })))
})
async function freshFolder(): Promise<string> {
  const folder = await tinyFolder()
  folders.push(folder)
  return folder
}

/** The lines of metrics.jsonl without what a clock decides. */
async function metricsOf(run: string): Promise<unknown[]> {
  const lines = (await readFile(join(run, 'metrics.jsonl'), 'utf8')).trimEnd().split('\n')
  return lines.map((line) => {
    const entries = Object.entries(JSON.parse(line) as Record<string, unknown>)
    return Object.fromEntries(entries.filter(([key]) => key !== 'seconds' && key !== 'tokensPerSecond'))
  })
}

/** What is in tuning.json; nothing where there is none. */
const choicesOf = async (run: string): Promise<unknown[]> => {
  const text = await readFile(join(run, 'tuning.json'), 'utf8').catch(() => '{"choices":[]}')
  return (JSON.parse(text) as { choices: unknown[] }).choices
}

const bytesOf = (run: string, step: number, file: string) =>
  readFile(join(run, 'checkpoints', `step-${String(step).padStart(6, '0')}`, file))

// Every test starts whole processes.
vi.setConfig({ testTimeout: 180_000 })

describe.each(['cpu', 'wasm'])('a killed run on %s', (backend) => {
  it('goes on to the same losses and byte-identical weights', async () => {
    const folder = await freshFolder()
    const set = ['--set', `engine.backend=${backend}`, '--set', 'checkpoint.every=10']
    const [straight, killed] = await Promise.all([
      runSwat(['train', 'tiny.yaml', '--name', 'straight', ...set], folder),
      outcomeOf(
        startProgram('die-at-step', ['tiny.yaml', '11', `engine.backend=${backend}`, 'checkpoint.every=10'], folder),
      ),
    ])
    expect(straight).toMatchObject({ code: 0, stderr: '' })
    expect(killed).toMatchObject({ signal: 'SIGKILL', stderr: '' })
    const atDeath = await metricsOf(join(folder, 'runs/tiny'))
    expect(atDeath.at(-1)).toMatchObject({ event: 'step', step: 11 })

    const resumed = await runSwat(['train', 'tiny.yaml', '--resume', ...set], folder)
    expect(resumed).toMatchObject({ code: 0, stderr: '' })
    const [one, two] = [join(folder, 'runs/straight'), join(folder, 'runs/tiny')]
    const metrics = await metricsOf(two)
    expect(metrics).toEqual(await metricsOf(one))
    expect(metrics.filter((line) => (line as { event: string }).event === 'step')).toHaveLength(20)
    for (const file of ['model.safetensors', 'optimizer.safetensors', 'tokenizer.json', 'config.json']) {
      expect((await bytesOf(two, 20, file)).equals(await bytesOf(one, 20, file)), file).toBe(true)
    }
  })
})

const noGpu = await webgpuUnavailable()

describe.skipIf(noGpu !== null)(`a killed run on webgpu${noGpu ? ` (skipped: ${noGpu})` : ''}`, () => {
  it.each([false, true])(
    'goes on to byte-identical weights, though it starts steps ahead; tuned: %s',
    async (tuned) => {
      const folder = await freshFolder()
      const steps = ['engine.precision=mixed', 'training.steps=6', 'checkpoint.every=2']
      const settings = [
        'engine.backend=webgpu',
        ...steps,
        ...(tuned ? ['engine.tune=true', 'engine.tuningFile=t.json'] : []),
      ]
      const rare = ['validation.every=100', 'sample.every=100', 'validation.finalTokens=20', 'sample.tokens=1']
      const set = [...settings, ...rare].flatMap((value) => ['--set', value])
      const straight = await runSwat(['train', 'tiny.yaml', '--name', 'straight', ...set], folder)
      const killed = await outcomeOf(startProgram('die-at-step', ['tiny.yaml', '3', ...settings, ...rare], folder))
      expect(straight).toMatchObject({ code: 0, stderr: '' })
      expect(killed).toMatchObject({ signal: 'SIGKILL', stderr: '' })
      const choices = await choicesOf(join(folder, 'runs/tiny'))
      await rm(join(folder, 't.json'), { force: true }) // the run folder decides, not what is measured today
      const resumed = await runSwat(['train', 'tiny.yaml', '--resume', ...set], folder)
      expect(resumed).toMatchObject({ code: 0, stderr: '' })
      expect(await choicesOf(join(folder, 'runs/tiny'))).toEqual(choices)
      expect(choices.length > 0).toBe(tuned)
      const [one, two] = [join(folder, 'runs/straight'), join(folder, 'runs/tiny')]
      expect(await metricsOf(two)).toEqual(await metricsOf(one))
      for (const file of ['model.safetensors', 'optimizer.safetensors']) {
        expect((await bytesOf(two, 6, file)).equals(await bytesOf(one, 6, file)), file).toBe(true)
      }
    },
  )
})

describe('a run without a checkpoint yet', () => {
  it('is resumed from its beginning, to the same numbers', async () => {
    const folder = await freshFolder()
    const [straight, killed] = await Promise.all([
      runSwat(['train', 'tiny.yaml', '--name', 'straight'], folder),
      outcomeOf(startProgram('die-at-step', ['tiny.yaml', '3'], folder)),
    ])
    expect([straight.code, killed.signal]).toEqual([0, 'SIGKILL'])
    expect((await runSwat(['train', '--resume', 'runs/tiny'], folder)).code).toBe(0)
    expect(await metricsOf(join(folder, 'runs/tiny'))).toEqual(await metricsOf(join(folder, 'runs/straight')))
  })
})

describe('a run that is interrupted', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('saves its step after %s and can go on', async (signal) => {
    const folder = await freshFolder()
    const constant = ['--set', 'training.schedule=constant', '--set', 'training.warmupSteps=0']
    const many = ['--set', 'training.steps=1000000', '--set', 'checkpoint.every=1000000']
    const child = startSwat(['train', 'tiny.yaml', '--json', ...constant, ...many], folder)
    let isAsked = false
    const { code, stdout, stderr } = await outcomeOf(child, (output) => {
      // Twice, as from a terminal and from npm: it is one and the same Ctrl-C.
      if (!isAsked && output.includes('"event":"step","step":7,')) isAsked = child.kill(signal) && child.kill(signal)
    })
    expect({ code, stderr }).toEqual({ code: 130, stderr: '' })
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    const last = events.at(-1) as { event: string; summary: { step: number; reason: string; checkpoint: string } }
    expect(last).toMatchObject({ event: 'end', summary: { reason: 'interrupted' } })
    const { step, checkpoint } = last.summary
    expect(await readdir(join(folder, checkpoint))).toContain('model.safetensors')
    expect(await readdir(join(folder, 'runs/tiny'))).not.toContain('summary.json')

    if (signal === 'SIGTERM') return
    const upTo = ['--set', `training.steps=${step + 2}`]
    const resumed = await runSwat(['train', 'tiny.yaml', '--resume', ...constant, ...upTo], folder)
    expect(resumed).toMatchObject({ code: 0, stderr: '' })
    expect(resumed.stdout).toContain(`from step ${step}`)
    const steps = (await metricsOf(join(folder, 'runs/tiny'))).filter((line) => 'gradientNorm' in (line as object))
    expect(steps.map((line) => (line as { step: number }).step)).toEqual(
      Array.from({ length: step + 2 }, (_, i) => i + 1),
    )
  })
})

describe('Ctrl-C in the last validation', () => {
  it('ends the run there, unfinished, with its checkpoint and how to go on', async () => {
    const folder = await freshFolder()
    await writeFile(join(folder, 'long.txt'), tinyText.repeat(50))
    const set = ['data.path=long.txt', 'training.steps=6', 'split.validationShare=0.5', 'checkpoint.every=100']
    const args = ['train', 'tiny.yaml', ...set.flatMap((value) => ['--set', value])]
    let isAsked = false
    const child = startSwat(args, folder)
    const { code, stdout, stderr } = await outcomeOf(child, (output) => {
      if (!isAsked && output.includes('Checkpoint: ')) isAsked = child.kill('SIGINT')
    })
    expect({ code, stderr }).toEqual({ code: 130, stderr: '' })
    expect(stdout).toContain('Interrupted after 6 of 6 steps')
    expect(stdout).toMatch(/Go on with: {2}.*train --resume runs\/tiny\n/)
    expect(stdout).not.toContain('Held-out text: loss')
    const entries = await readdir(join(folder, 'runs/tiny'))
    expect(entries.sort()).toEqual(['checkpoints', 'config.json', 'metrics.jsonl'])
    expect(await readdir(join(folder, 'runs/tiny/checkpoints'))).toEqual(['step-000006'])
  })
})

describe('a run whose output nobody reads any more', () => {
  it('saves its step as after Ctrl-C', async () => {
    const folder = await freshFolder()
    const set = ['training.steps=1000000', 'checkpoint.every=1000000'].flatMap((value) => ['--set', value])
    const child = startSwat(['train', 'tiny.yaml', '--json', ...set], folder)
    const { code, stderr } = await outcomeOf(child, () => child.stdout.destroy())
    expect({ code, stderr }).toEqual({ code: 130, stderr: '' })
    const entries = await readdir(join(folder, 'runs/tiny'))
    expect(entries.sort()).toEqual(['checkpoints', 'config.json', 'metrics.jsonl'])
    expect(await readdir(join(folder, 'runs/tiny/checkpoints'))).toHaveLength(1)
  })
})

describe('a second Ctrl-C', () => {
  it('ends the process at once', async () => {
    const child = startProgram('wait-for-signals', [], tmpdir())
    const { code, stdout } = await outcomeOf(child, (output) => {
      if (output === 'ready\n') child.kill('SIGINT')
      else setTimeout(() => child.kill('SIGINT'), 1200)
    })
    expect(code).toBe(130)
    expect(stdout).toContain('Stopping after this step. Press Ctrl-C again')
  })
})
