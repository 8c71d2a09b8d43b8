import { afterEach, expect, it, vi } from 'vitest'
import { resolveRunConfig } from '../config/resolve-run-config.js'
import type { DataSettings } from '../config/run-config.js'
import { documentSource } from './read-split.js'

const sourceOf = (data: Partial<DataSettings>) => documentSource(resolveRunConfig({ name: 'run', data }).data)
const reading = { format: 'auto', textField: 'text', missingText: 'error', invalidText: 'error' }

afterEach(() => vi.unstubAllEnvs())

it('the section data becomes a source of documents', () => {
  vi.stubEnv('HF_TOKEN', undefined)
  vi.stubEnv('HF_ENDPOINT', undefined)
  expect(sourceOf({ path: ['a.txt', 'b'] })).toEqual({ path: ['a.txt', 'b'], ...reading })
  const ofRecords = { textField: 'page.text', missingText: 'skip', invalidText: 'error' } as const
  expect(sourceOf({ module: 'texts', ...ofRecords })).toEqual({ module: 'texts', ...ofRecords })
  const json = { format: 'json', recordsPath: 'rows', missingText: 'skip', invalidText: 'replace' } as const
  expect(sourceOf({ path: 'a.json.gz', ...json })).toEqual({ path: 'a.json.gz', textField: 'text', ...json })
  expect(sourceOf({ hub: 'owner/name' })).toEqual({ hub: 'owner/name', ...reading })
})

it('a data set of the Hub takes token and address from the environment', () => {
  vi.stubEnv('HF_TOKEN', 'hf_secret')
  vi.stubEnv('HF_ENDPOINT', 'http://localhost:1')
  expect(sourceOf({ hub: 'owner/name', revision: 'v1', files: 'data/*.parquet' })).toEqual({
    ...{
      hub: 'owner/name',
      revision: 'v1',
      files: 'data/*.parquet',
      token: 'hf_secret',
      endpoint: 'http://localhost:1',
    },
    ...reading,
  })
})

it('files and revision are refused without a data set of the Hub', () => {
  expect(() => sourceOf({ path: 'a.txt', files: '*.txt' })).toThrow('data.files: only data.hub has it; leave it out.')
})
