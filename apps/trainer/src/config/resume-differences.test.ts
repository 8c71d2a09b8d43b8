import { describe, expect, it } from 'vitest'
import { resolveRunConfig } from './resolve-run-config.js'
import { resumeDifferences } from './resume-differences.js'
import type { RunConfigInput } from './run-config.js'

const config = (changes: Partial<RunConfigInput> = {}) =>
  resolveRunConfig({ name: 'a', data: { path: 'text.txt' }, ...changes })

describe('resumeDifferences', () => {
  it('finds none between a configuration and its copy from a file', () => {
    expect(resumeDifferences(config(), JSON.parse(JSON.stringify(config())))).toEqual([])
  })

  it('lets through what does not change the numbers', () => {
    const now = config({
      name: 'b',
      engine: { backend: 'cpu', threads: 3 },
      validation: { every: 3 },
      sample: { tokens: 4 },
      checkpoint: { keep: 9 },
      output: { folder: 'elsewhere' },
      training: { maxMinutes: 5 },
    })
    expect(resumeDifferences(config(), now)).toEqual([])
  })

  it('names what changes the run, with both values', () => {
    const now = config({ seed: 2, model: { window: 32 }, training: { batchSize: 4 }, data: { path: 'other.txt' } })
    expect(resumeDifferences(config(), now)).toEqual([
      'seed (was 1, now 2)',
      'data.path (was "text.txt", now "other.txt")',
      'training.batchSize (was 8, now 4)',
      'model.window (was absent, now 32)',
    ])
  })

  it('lets a run with a constant learning rate become longer, but not one with a cosine', () => {
    const constant = (steps: number) => config({ training: { schedule: 'constant', steps } })
    expect(resumeDifferences(constant(10), constant(20))).toEqual([])
    const cosine = (steps: number) => config({ training: { schedule: 'cosine', steps } })
    expect(resumeDifferences(cosine(10), cosine(20))).toEqual(['training.steps (was 10, now 20)'])
  })
})
