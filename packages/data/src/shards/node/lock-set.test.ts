import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { lockName, lockSet } from './lock-set.js'

let folder = ''
let lock = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'swat-lock-'))
  lock = join(folder, lockName)
})
beforeEach(async () => {
  for (const name of await readdir(folder)) await rm(join(folder, name))
})
afterAll(() => rm(folder, { recursive: true }))

const locking = () => lockSet(folder, 'lockSet')
const uuid = '3f2b8d0e-5b1c-4f6e-9a57-0a4f1c2d3e4b'
const host = encodeURIComponent(hostname())
const gone = 999_999_999

async function startOfParent(): Promise<string> {
  const stat = await readFile(`/proc/${process.ppid}/stat`, 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]!
}

describe('a lock', () => {
  test('is held once, and leaves nothing', async () => {
    const unlock = locking()
    expect(await readdir(folder)).toEqual([lockName])
    expect(locking).toThrow(`process ${process.pid} is preparing a set in`)
    expect(await readdir(folder)).toEqual([lockName])
    unlock()
    expect(await readdir(folder)).toEqual([])
  })

  test('of another is not removed by the one who held it before', async () => {
    const unlock = locking()
    await rm(lock) // as the message advises
    const unlockOther = locking()
    unlock()
    expect(locking).toThrow('is preparing a set in')
    unlockOther()
    expect(await readdir(folder)).toEqual([])
  })

  test.each([`${gone} 1`, `${gone} 1 ${host} 77 ${uuid}`, '', 'nonsense'])(
    'that says %j is taken over',
    async (contents) => {
      await writeFile(lock, contents)
      locking()()
      expect(await readdir(folder)).toEqual([])
    },
  )

  test('of a process that lives is not taken over, nor one without a time of its start', async () => {
    for (const contents of [`${process.ppid} 1`, `${process.ppid} 1 ${host} unknown ${uuid}`]) {
      await writeFile(lock, contents)
      expect(locking).toThrow(`process ${process.ppid} is preparing a set in`)
      expect(await readFile(lock, 'utf8')).toBe(contents)
    }
  })

  test.skipIf(!existsSync('/proc/self/stat'))('whose number belongs to another process now is taken over', async () => {
    const start = await startOfParent()
    await writeFile(lock, `${process.ppid} 1 ${host} ${start} ${uuid}`)
    expect(locking).toThrow(`process ${process.ppid} is preparing a set in`)
    await writeFile(lock, `${process.ppid} 1 ${host} ${Number(start) + 1} ${uuid}`)
    locking()()
    await writeFile(lock, `${process.pid} ${performance.timeOrigin} ${host} 1 ${uuid}`)
    locking()()
    expect(await readdir(folder)).toEqual([])
  })

  test('of another machine is never taken over, and the message names it', async () => {
    const contents = `${gone} 1 node%207.example 77 ${uuid}`
    await writeFile(lock, contents)
    expect(locking).toThrow(`process ${gone} on the machine node 7.example is preparing a set in ${folder}`)
    expect(locking).toThrow(`if it is gone, which cannot be seen from here, remove ${lock}.`)
    expect(await readFile(lock, 'utf8')).toBe(contents)
  })
})

test('what killed processes wrote aside is removed, and nothing else', async () => {
  const [dead, left, alive, elsewhere, strange] = [
    `${lockName}.${uuid}.tmp`,
    `${lockName}.${uuid}.left.tmp`,
    `${lockName}.${uuid.replace('3', '4')}.tmp`,
    `${lockName}.${uuid.replace('3', '5')}.tmp`,
    `${lockName}.mine.tmp`,
  ]
  await writeFile(join(folder, dead), `${gone} 1 ${host} 77 ${uuid}`)
  await writeFile(join(folder, left), '')
  await writeFile(join(folder, alive), `${process.ppid} 1`)
  await writeFile(join(folder, elsewhere), `${gone} 1 elsewhere 77 ${uuid}`)
  await writeFile(join(folder, strange), '')
  locking()()
  expect((await readdir(folder)).sort()).toEqual([alive, elsewhere, strange].sort())
})
