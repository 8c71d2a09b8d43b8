import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { prepareShards } from '@swat-js/data/node'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { outcomeOf, runSwat, startProgram } from './swat-process.js'
import { tinyConfig, tinyFolder } from './tiny-run.js'

const kills = 20
const steps = 3 * kills + 4
const config = tinyConfig
  .replace('data: { path: text.txt }', 'data: { shards: set }')
  .replace('tokenizer: { type: byte }\n', '')
  .replace('steps: 20', `steps: ${steps}`)
  .replace('every: 5, keep: 2', 'every: 2, keep: 2')

vi.setConfig({ testTimeout: 600_000 }) // starts some twenty processes
let folder: string
beforeAll(async () => {
  folder = await tinyFolder(config)
  await prepareShards({
    folder: join(folder, 'set'),
    source: { path: join(folder, 'text.txt'), format: 'lines' },
    tokenizer: { type: 'byte' },
    split: { by: 'document', shares: [8, 1, 1] },
    workers: 0,
    shardTokens: 1000,
  })
})
afterAll(() => rm(folder, { recursive: true }))

async function metricsOf(run: string): Promise<unknown[]> {
  const lines = (await readFile(join(folder, 'runs', run, 'metrics.jsonl'), 'utf8')).trimEnd().split('\n')
  return lines.map((line) => ({ ...(JSON.parse(line) as object), seconds: 0, tokensPerSecond: 0 }))
}

it(`a run from shards that is killed ${kills} times ends like one that was left alone`, async () => {
  expect(await runSwat(['train', 'tiny.yaml', '--name', 'alone'], folder)).toMatchObject({ code: 0, stderr: '' })
  let seed = 17
  const below = (limit: number): number => {
    seed = (seed * 48271) % 2147483647 // Lehmer's generator
    return seed % limit
  }
  for (let kill = 0; kill < kills; kill++) {
    const [step, milliseconds] = [1 + 3 * kill + below(3), below(60)]
    const killed = await outcomeOf(
      startProgram('die-after-step', ['tiny.yaml', String(step), String(milliseconds)], folder),
    )
    expect(killed).toMatchObject({ signal: 'SIGKILL', stderr: '' })
  }
  expect(await runSwat(['train', 'tiny.yaml', '--resume'], folder)).toMatchObject({ code: 0, stderr: '' })
  expect(await metricsOf('tiny')).toEqual(await metricsOf('alone'))
  const checkpoint = `checkpoints/step-${String(steps).padStart(6, '0')}`
  for (const file of ['model.safetensors', 'optimizer.safetensors', 'tokenizer.json', 'config.json']) {
    const [one, two] = ['alone', 'tiny'].map((run) => readFile(join(folder, 'runs', run, checkpoint, file)))
    expect((await one).equals(await two), file).toBe(true)
  }
})
