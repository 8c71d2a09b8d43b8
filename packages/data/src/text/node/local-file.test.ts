import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { localFile } from './local-file.js'

const bytes = randomBytes(1000)
let root = ''
let path = ''
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'swat-local-file-'))
  path = join(root, 'bytes')
  await writeFile(path, bytes)
})
afterAll(() => rm(root, { recursive: true }))

test.each([1, 7, 500, 1000, undefined])('a slice is whole where %s bytes are read at a time', async (mostAtOnce) => {
  const file = localFile('test', path, bytes.length, mostAtOnce)
  const spans = [
    [0, 1000],
    [3, 997],
    [500, 501],
    [10, 10],
  ] as const
  for (const [start, end] of spans) {
    expect(Buffer.from(await file.slice!(start, end))).toEqual(bytes.subarray(start, end))
  }
})

test('a slice behind the end says where the file ends', async () => {
  await expect(localFile('test', path, 2000, 7).slice!(990, 1010)).rejects.toMatchObject({
    code: 'unreadable-file',
    message: expect.stringContaining('it ends at byte 1000, before 1010'),
  })
})
