import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { makeFolder } from './make-folder.js'

it('lets several runs make the same folder at once, and says of each folder once that it was made', async () => {
  const root = await mkdtemp(join(tmpdir(), 'swat-make-'))
  for (let round = 0; round < 20; round++) {
    const path = join(root, `${round}`, 'runs', 'name')
    const made = await Promise.all(Array.from({ length: 8 }, () => makeFolder(path)))
    expect((await stat(path)).isDirectory()).toBe(true)
    expect(made.flat().sort()).toEqual([join(root, `${round}`), join(root, `${round}`, 'runs'), path])
  }
  await rm(root, { recursive: true })
})

it('refuses where a file is in the way', async () => {
  const root = await mkdtemp(join(tmpdir(), 'swat-make-'))
  await writeFile(join(root, 'file'), '')
  await expect(makeFolder(join(root, 'file'))).rejects.toThrow('a part of the path is a file, not a folder')
  await expect(makeFolder(join(root, 'file', 'below'))).rejects.toThrow(/cannot be written/)
  await rm(root, { recursive: true })
})
