import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { notWritten } from '../src/checkpoint/node/not-written.js'
import { latestCheckpoint, listCheckpoints, removeCheckpoint, saveCheckpoint, writeFileAtomic } from '../src/node.js'
import { createRandom } from '../src/random/create-random.js'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'checkpoints-'))
})

afterEach(async () => {
  await chmod(folder, 0o700)
  await rm(folder, { recursive: true, force: true })
})

async function expectWhole(path: string): Promise<void> {
  const { save } = JSON.parse(await readFile(join(path, 'state.json'), 'utf8')) as { save: number }
  const model = await readFile(join(path, 'model.safetensors'))
  expect(model.length).toBe(300_000)
  expect(model.every((byte) => byte === save)).toBe(true)
  expect(await readFile(join(path, 'tokenizer/vocabulary.txt'), 'utf8')).toBe(`${save} `.repeat(1000))
}

describe('saveCheckpoint', () => {
  it('writes a folder, replaces it as a whole and leaves nothing beside it', async () => {
    const path = join(folder, 'runs/moby/step-000200')
    await saveCheckpoint(path, { 'config.json': '{"größe":1}', 'a/b.bin': Uint8Array.of(1, 2), 'old.txt': 'x' })
    await saveCheckpoint(path, { 'config.json': '{"größe":2}', 'a/b.bin': Uint8Array.of(3) })
    expect(await readdir(join(folder, 'runs/moby'))).toEqual(['step-000200'])
    expect((await readdir(path)).sort()).toEqual(['a', 'config.json'])
    expect(await readFile(join(path, 'config.json'), 'utf8')).toBe('{"größe":2}')
    expect([...(await readFile(join(path, 'a/b.bin')))]).toEqual([3])
  })

  it('refuses paths that lead out of the checkpoint', async () => {
    for (const name of ['../x', '/x', 'a/../../x', '.', 'a/']) {
      await expect(saveCheckpoint(join(folder, 'c'), { [name]: 'x' })).rejects.toThrow(`but '${name}' does not`)
    }
    expect(await readdir(folder)).toEqual([])
  })

  it('removes what a killed save left, and puts back what it was replacing', async () => {
    const leftover = '4194305-0f8fad5b-d9cb-469f-a165-70867728950e' // above the largest process id
    const running = `${process.pid}-0f8fad5b-d9cb-469f-a165-70867728950e`
    await mkdir(join(folder, `step-1.tmp-${leftover}`))
    await mkdir(join(folder, `step-1.old-${leftover}`))
    await writeFile(join(folder, `step-1.old-${leftover}`, 'state.json'), 'old')
    await mkdir(join(folder, `step-2.tmp-${leftover}`))
    await mkdir(join(folder, `step-3.tmp-${running}`))
    expect(await listCheckpoints(folder)).toEqual([join(folder, `step-1.old-${leftover}`)])
    await expect(saveCheckpoint(join(folder, 'step-1'), { 'a/x': 'new', a: 'is a folder' })).rejects.toThrow('EEXIST')
    expect(await readFile(join(folder, 'step-1/state.json'), 'utf8')).toBe('old')
    await saveCheckpoint(join(folder, 'step-1'), { 'state.json': 'new' })
    expect(await readFile(join(folder, 'step-1/state.json'), 'utf8')).toBe('new')
    expect((await readdir(folder)).sort()).toEqual(['step-1', `step-3.tmp-${running}`])
    expect(await listCheckpoints(folder)).toEqual([join(folder, 'step-1')])
  })

  it('leaves only whole checkpoints when its process is killed at any moment', async () => {
    const script = fileURLToPath(new URL('./fixtures/save-forever.ts', import.meta.url))
    const random = createRandom(Date.now())
    for (let round = 0; round < 8; round++) {
      const child = spawn(process.execPath, ['--import', 'tsx', script, folder], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const ended = once(child, 'exit')
      await once(child.stdout, 'data')
      await new Promise((resolve) => setTimeout(resolve, 5 + random.integer(120)))
      child.kill('SIGKILL')
      await ended
      for (const path of await listCheckpoints(folder)) await expectWhole(path)
    }
    expect(await latestCheckpoint(folder)).not.toBeNull()
    await saveCheckpoint(join(folder, 'step-000001'), { 'state.json': '{}' })
    expect((await readdir(folder)).filter((name) => name.startsWith('step-000001'))).toEqual(['step-000001'])
  })
})

describe('what cannot be written', () => {
  it('is an error with the path and the way out: a file in the way', async () => {
    await writeFile(join(folder, 'file'), 'x')
    const error = await saveCheckpoint(join(folder, 'file/step-1'), { a: 'x' }).catch((error: unknown) => error)
    expect(error).toMatchObject({ name: 'SwatError', code: 'checkpoint-not-written' })
    expect(String(error)).toContain(`could not write ${join(folder, 'file/step-1')} (E`)
    expect(String(error)).toContain('choose another path')
    await expect(writeFileAtomic(join(folder, 'file/x'), 'x')).rejects.toMatchObject({ code: 'checkpoint-not-written' })
    await expect(writeFileAtomic(join(folder, 'missing/x'), 'x')).rejects.toThrow('create it first')
  })

  it('is an error: no permission', async () => {
    await chmod(folder, 0o500)
    const save = () => saveCheckpoint(join(folder, 'step-1'), { a: 'x' })
    await expect(asOrdinaryUser(save)).rejects.toThrow('change the permissions')
  })

  it.skipIf(!existsSync('/dev/full'))('is an error: the disk is full (needs /dev/full)', async () => {
    const cause = await writeFile('/dev/full', 'x').catch((error: unknown) => error)
    expect(String(notWritten('saveCheckpoint', '/run/step-1', cause))).toBe(
      'SwatError: saveCheckpoint: could not write /run/step-1 (ENOSPC). ' +
        'The disk is full: free some space or choose a folder on another disk.',
    )
  })

  it('passes on what is not an error of the file system', () => {
    const cause = new Error('other')
    expect(notWritten('saveCheckpoint', '/run/step-1', cause)).toBe(cause)
  })
})

describe('listCheckpoints, latestCheckpoint, removeCheckpoint', () => {
  it('order by number, ignore files, and know an absent folder', async () => {
    expect(await listCheckpoints(join(folder, 'absent'))).toEqual([])
    expect(await latestCheckpoint(join(folder, 'absent'))).toBeNull()
    for (const step of [1000, 200, 90]) await saveCheckpoint(join(folder, `step-${step}`), { a: 'x' })
    await writeFile(join(folder, 'notes.txt'), 'x')
    expect(await listCheckpoints(folder)).toEqual(
      ['step-90', 'step-200', 'step-1000'].map((name) => join(folder, name)),
    )
    expect(await latestCheckpoint(folder)).toBe(join(folder, 'step-1000'))
    await removeCheckpoint(join(folder, 'step-1000'))
    await removeCheckpoint(join(folder, 'step-1000'))
    expect(await latestCheckpoint(folder)).toBe(join(folder, 'step-200'))
    expect((await readdir(folder)).sort()).toEqual(['notes.txt', 'step-200', 'step-90'])
  })
})

describe('writeFileAtomic', () => {
  it('writes and replaces a file and leaves nothing beside it', async () => {
    await writeFileAtomic(join(folder, 'summary.json'), '{"größe":1}')
    await writeFileAtomic(join(folder, 'summary.json'), Uint8Array.of(65, 66))
    expect(await readFile(join(folder, 'summary.json'), 'utf8')).toBe('AB')
    expect(await readdir(folder)).toEqual(['summary.json'])
  })
})

/** Root may write anywhere, so permissions are only tested without its rights. */
async function asOrdinaryUser<T>(run: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return run()
  process.seteuid?.('nobody')
  try {
    return await run()
  } finally {
    process.seteuid?.(0)
  }
}
