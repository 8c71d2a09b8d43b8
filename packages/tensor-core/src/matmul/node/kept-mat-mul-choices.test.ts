import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { useEngine } from '../../engines/use-engine.js'
import { describeOn } from '../../testing/kernel-pairs.js'
import type { MatMulChoice } from '../mat-mul-choice.js'
import { useMatMulChoices } from '../webgpu/mat-mul-choices.js'
import { keepMatMulChoices, matMulChoicesFile, readMatMulChoices } from './kept-mat-mul-choices.js'
import { tuneMatMulOnce } from './tune-mat-mul-once.js'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'swat-tuning-'))
})
afterAll(() => rm(folder, { recursive: true }))

const choice: MatMulChoice = {
  device: 'a GPU',
  list: '00000000',
  product: { batches: 1, m: 2, n: 3, k: 4, transposeA: false, transposeB: true, precision: 'mixed' },
  ...{ tiling: 'f16 128×256×32, 64×64 a subgroup', parts: 2, milliseconds: 0.5, clock: 'gpu' },
}

it('keeps choices, the newest for each device and product, in a folder that it makes', async () => {
  const file = join(folder, 'new', 'matmul.json')
  expect(await readMatMulChoices(file)).toEqual([])
  const onAnother = { ...choice, device: 'another GPU' }
  await keepMatMulChoices(file, [choice, onAnother])
  const again = { ...choice, list: '00000001', milliseconds: 0.4 }
  await keepMatMulChoices(file, [again])
  expect(await readMatMulChoices(file)).toEqual([again, onAnother])
})

it('passes over and replaces a file of another version', async () => {
  const file = join(folder, 'version.json')
  await writeFile(file, JSON.stringify({ version: 2, choices: ['whatever it holds'] }))
  expect(await readMatMulChoices(file)).toEqual([])
  await keepMatMulChoices(file, [choice])
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({ version: 1, choices: [choice] })
})

it.each([
  ['{', 'must hold { "version": 1, "choices": [...] }, but does not. Name another file, or remove this one'],
  ['{"name": "something else"}', 'must hold { "version": 1'],
  ['{"version": 1, "choices": [{"device": 3}]}', 'choice number 0 must be as tuneMatMul made it, but is {"device":3}'],
])('leaves alone what is something else: %s', async (text, message) => {
  const file = join(folder, 'other.json')
  await writeFile(file, text)
  await expect(readMatMulChoices(file)).rejects.toThrow(message)
  await expect(keepMatMulChoices(file, [choice])).rejects.toMatchObject({ code: 'tuning' })
  expect(await readFile(file, 'utf8')).toBe(text)
})

it("lies in the user's folder for caches", () => {
  const before = process.env.XDG_CACHE_HOME
  process.env.XDG_CACHE_HOME = folder
  expect(matMulChoicesFile()).toBe(join(folder, 'swat', 'matmul.json'))
  if (before === undefined) delete process.env.XDG_CACHE_HOME
  else process.env.XDG_CACHE_HOME = before
})

describeOn('tuneMatMulOnce', { backend: 'webgpu' }, () => {
  it('measures what is not known, and takes the rest from the file', async () => {
    await useEngine({ backend: 'webgpu' })
    useMatMulChoices([])
    const file = join(folder, 'once.json')
    const [one, two] = [
      { m: 10, n: 12, k: 8 },
      { m: 12, n: 10, k: 8 },
    ]
    const first = await tuneMatMulOnce([one], file)
    expect(await readMatMulChoices(file)).toEqual(first)
    const known = first.map((choice) => ({ ...choice, milliseconds: 1234 }))
    await keepMatMulChoices(file, known)
    useMatMulChoices([])
    const totals: number[] = []
    const both = await tuneMatMulOnce([one, two], file, { report: ({ total }) => totals.push(total) })
    expect(totals).toEqual([1, 1])
    expect(both[0]).toEqual(known[0])
    expect(both.map(({ product }) => product.m)).toEqual([10, 12])
    expect(await readMatMulChoices(file)).toEqual(both)
    await keepMatMulChoices(
      file,
      both.map((choice) => ({ ...choice, list: 'an older one' })),
    )
    useMatMulChoices([])
    const measured = await tuneMatMulOnce([two], file)
    expect(measured.map(({ product, list }) => [product.m, list])).toEqual([[12, both[0].list]])
  })
})
