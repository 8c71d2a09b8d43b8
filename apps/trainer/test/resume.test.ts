import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { outcomeOf, runSwat, startScript, startSwat } from './swat-process.js'
import { tinyFolder } from './tiny-run.js'

const dieAtStep = fileURLToPath(new URL('fixtures/die-at-step.ts', import.meta.url))
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
    const { seconds: _seconds, tokensPerSecond: _speed, ...rest } = JSON.parse(line) as Record<string, unknown>
    return rest
  })
}

const bytesOf = (run: string, step: number, file: string) =>
  readFile(join(run, 'checkpoints', `step-${String(step).padStart(6, '0')}`, file))

describe.concurrent.each(['cpu', 'wasm'])('a killed run on %s', (backend) => {
  it('goes on to the same losses and byte-identical weights', async () => {
    const folder = await freshFolder()
    const set = ['--set', `engine.backend=${backend}`, '--set', 'checkpoint.every=10']
    const [straight, killed] = await Promise.all([
      runSwat(['train', 'tiny.yaml', '--name', 'straight', ...set], folder),
      outcomeOf(
        startScript(dieAtStep, ['tiny.yaml', '11', `engine.backend=${backend}`, 'checkpoint.every=10'], folder),
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

describe.concurrent('a run without a checkpoint yet', () => {
  it('is resumed from its beginning, to the same numbers', async () => {
    const folder = await freshFolder()
    const [straight, killed] = await Promise.all([
      runSwat(['train', 'tiny.yaml', '--name', 'straight'], folder),
      outcomeOf(startScript(dieAtStep, ['tiny.yaml', '3'], folder)),
    ])
    expect([straight.code, killed.signal]).toEqual([0, 'SIGKILL'])
    expect((await runSwat(['train', '--resume', 'runs/tiny'], folder)).code).toBe(0)
    expect(await metricsOf(join(folder, 'runs/tiny'))).toEqual(await metricsOf(join(folder, 'runs/straight')))
  })
})

describe.concurrent('a run that is interrupted', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('saves its step after %s, says how to go on, and does', async (signal) => {
    const folder = await freshFolder()
    const constant = ['--set', 'training.schedule=constant', '--set', 'training.warmupSteps=0']
    const many = ['--set', 'training.steps=1000000', '--set', 'checkpoint.every=1000000']
    const child = startSwat(['train', 'tiny.yaml', '--json', ...constant, ...many], folder)
    let isAsked = false
    const { code, stdout, stderr } = await outcomeOf(child, (output) => {
      if (!isAsked && output.includes('"event":"step","step":7,')) isAsked = child.kill(signal)
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

describe.concurrent('training.maxMinutes', () => {
  it('ends the run in order, and the run can go on', async () => {
    const folder = await freshFolder()
    const steps = ['--set', 'training.steps=1000000', '--set', 'training.warmupSteps=2']
    const timed = await runSwat(['train', 'tiny.yaml', ...steps, '--set', 'training.maxMinutes=0.01'], folder)
    expect(timed).toMatchObject({ code: 0, stderr: '' })
    expect(timed.stdout).toMatch(/Time is up after \d+ of 1000000 steps/)
    expect(timed.stdout).toContain('train --resume runs/tiny')
    const summary = JSON.parse(await readFile(join(folder, 'runs/tiny/summary.json'), 'utf8')) as Record<
      string,
      unknown
    >
    expect(summary.reason).toBe('time-limit')
    const again = await runSwat(
      ['train', 'tiny.yaml', '--resume', ...steps, '--set', 'training.maxMinutes=0.01'],
      folder,
    )
    expect(again.stdout).toContain(`from step ${String(summary.step)}`)
    const later = JSON.parse(await readFile(join(folder, 'runs/tiny/summary.json'), 'utf8')) as Record<string, unknown>
    expect(later.step).toBeGreaterThanOrEqual(summary.step as number)
  })
})
