import fs from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { expect, test } from 'vitest'
import { prepareShards } from './prepare-shards.js'

test.skipIf(process.platform === 'win32')('the manifest has its name on disk before anything is removed', async () => {
  const root = await mkdtemp(join(tmpdir(), 'swat-sync-'))
  const path = join(root, 'text.txt')
  await writeFile(path, 'some text')
  const folder = join(root, 'set')
  const calls: string[] = []
  const { fsyncSync, renameSync, rmSync } = fs
  const own = fs.statSync(root).dev
  Object.assign(fs, {
    fsyncSync(descriptor: number) {
      const { dev, ino } = fs.fstatSync(descriptor)
      if (dev === own && ino === fs.statSync(folder).ino) calls.push('sync of the folder')
      fsyncSync(descriptor)
    },
    renameSync(from: string, to: string) {
      calls.push(`rename to ${relative(folder, to)}`)
      renameSync(from, to)
    },
    rmSync(removed: string, options: fs.RmOptions) {
      if (fs.existsSync(removed)) calls.push(`removal of ${relative(folder, removed)}`)
      rmSync(removed, options)
    },
  })
  syncBuiltinESMExports()
  try {
    await prepareShards({ folder, source: { path }, tokenizer: { type: 'byte' }, workers: 0 })
  } finally {
    Object.assign(fs, { fsyncSync, renameSync, rmSync })
    syncBuiltinESMExports()
    await rm(root, { recursive: true })
  }
  const named = calls.indexOf('rename to manifest.json')
  expect(calls[named + 1]).toBe('sync of the folder')
  expect(calls[named + 2]).toBe(`removal of ${join('unfinished', 'state.json')}`)
})
