import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { webgpuUnavailable } from '@swat-js/tensor-core/testing'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { runSwat } from './swat-process.js'

// Every test starts whole processes.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 })

const noGpu = await webgpuUnavailable()

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'swat-bench-'))
})
afterAll(() => rm(folder, { recursive: true }))

const sizes = ['--window', '8', '--heads', '4', '--kv-heads', '2', '--head-dim', '8', '--rounds', '2']
const bench = (name: string, ...args: string[]) => runSwat(['bench', name, ...sizes, ...args], folder)

interface Record {
  machine: { device: string; cores: number; memoryBytes: number; platform: string }
  versions: { [name: string]: string }
  options: { [name: string]: unknown }
  rows: { [name: string]: unknown }[]
  skipped: unknown[]
}
interface Kept {
  version: number
  choices: object[]
}
const read = async (name: string) => JSON.parse(await readFile(join(folder, name), 'utf8')) as Record

describe('swat bench matmul', () => {
  it.each(['cpu', 'wasm'])('on %s checks, measures, prints and writes JSON', async (backend) => {
    const args = [
      '--backend',
      backend,
      '--shapes',
      '24x16x8, 5x6x7',
      '--gradients',
      '--rounds',
      '2',
      '--json',
      'm.json',
    ]
    const { code, stdout, stderr } = await runSwat(['bench', 'matmul', ...args], folder)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/\n *product +tiling +ms +wall ms +TFLOP\/s +spread +clock +max error\n/)
    expect(stdout).toMatch(/\n *\[24, 8\] · \[16, 8\]ᵀ {2}TensorFlow\.js /)
    const { options, rows } = await read('m.json')
    expect(options).toMatchObject({ gradients: true, precision: 'float32', tune: false, rounds: 2 })
    expect(rows.map(({ m, n, k }) => [m, n, k])).toEqual([
      [24, 16, 8],
      [24, 8, 16],
      [16, 8, 24],
      [5, 6, 7],
      [5, 7, 6],
      [6, 7, 5],
    ])
    for (const row of rows) {
      for (const key of ['milliseconds', 'tflops', 'maxError']) expect(Number.isFinite(row[key]), key).toBe(true)
    }
  })
})

describe.skipIf(noGpu !== null)(`swat bench --tune on webgpu${noGpu ? ` (skipped: ${noGpu})` : ''}`, () => {
  it('keeps what matmul measures, and train takes it from there', async () => {
    const tuning = ['--backend', 'webgpu', '--tune', '--tuning-file', 'tuning.json']
    const sizes = ['--length', '8', '--batch', '2', '--vocab-size', '24', '--steps', '1', '--warm-up', '1']
    const first = await runSwat(['bench', 'matmul', ...tuning, '--shapes', '16x24x64', '--gradients'], folder)
    expect(first).toMatchObject({ code: 0, stderr: '' })
    expect(first.stdout).toMatch(/\nTried for \[16, 64\] · \[24, 64\]ᵀ in float32:\n/)
    const kept = async () => JSON.parse(await readFile(join(folder, 'tuning.json'), 'utf8')) as Kept
    const { version, choices } = await kept()
    expect(version).toBe(1)
    expect(choices).toHaveLength(3)
    const { code, stdout, stderr } = await runSwat(['bench', 'train', ...tuning, ...sizes], folder)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect((await kept()).choices.slice(0, 3)).toEqual(choices) // the output layer's
    expect((await kept()).choices.length).toBeGreaterThan(6)
    expect(stdout).toMatch(/\nMatrix products, as measured:\n(.+ms.+TFLOP\/s.+float32.+\n)+/)
    expect(stdout).toContain('[16, 64] · [24, 64]ᵀ')
  })
})

describe('swat bench generate', () => {
  it('writes a text through the cache, tells of each part, and writes JSON', async () => {
    const args = ['--backend', 'wasm', '--window', '8', '--tokens', '20', '--parts', '2', '--recomputed', '2']
    const { code, stdout, stderr } = await runSwat(['bench', 'generate', ...args, '--json', 'g.json'], folder)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/\n *up to token +ms\/token +tokens\/s +recomputed ms\/token .*\n/)
    expect(stdout).toMatch(/tensors 0, their bytes 0\.\nComputing the window anew takes [\d.]+ times as long/)
    const { options, rows } = await read('g.json')
    expect(options).toMatchObject({ name: 'nano', tokens: 20, parts: 2, recomputed: 2, config: { window: 8 } })
    expect(rows.map(({ to, tensors }) => [to, tensors])).toEqual([
      [10, 4],
      [20, 4],
    ])
    for (const { processBytes } of rows) expect(processBytes).toBeGreaterThan(0)
  })
})

describe('swat bench attention', () => {
  it.each(['cpu', 'wasm'])('on %s checks, measures, prints, and writes JSON and SVG', async (backend) => {
    const files = ['--json', `${backend}.json`, '--plot', `${backend}.svg`]
    const { code, stdout, stderr } = await bench('attention', '--backend', backend, '--lengths', '24,70', ...files)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(new RegExp(`^Engine: ${backend} \\(`))
    expect(stdout).toMatch(/\n *length +attention +forward ms +total ms.*max error\n/)
    for (const name of [backend, 'composite', 'dense TensorFlow\\.js', `${backend}, full attention`]) {
      expect(
        stdout.match(new RegExp(`\\n *(24|70) {2}${name} +[\\d.]+ .* \\d\\.\\de[+-]\\d(?=\\n)`, 'g')),
      ).toHaveLength(2)
    }
    expect(stdout).toMatch(
      /From length 24 to 70, timed in turn: time per token [+−][\d.]+ %, bytes per token [+−][\d.]+ %\./,
    )

    const { machine, versions, options, rows, skipped } = await read(`${backend}.json`)
    expect(machine.cores).toBeGreaterThan(0)
    expect(versions).toEqual({ trainer: '0.0.0', tensorflow: '4.22.0', node: process.versions.node })
    expect(options).toMatchObject({ lengths: [24, 70], window: 8, heads: 4, kvHeads: 2, headDim: 8, rounds: 2 })
    expect(skipped).toEqual([])
    expect(rows.map(({ kind, length }) => [kind, length])).toEqual(
      [24, 70].flatMap((length) => ['windowed', 'windowed', 'dense', 'full'].map((kind) => [kind, length])),
    )
    for (const row of rows) {
      for (const key of ['forwardMs', 'totalMs', 'peakBytes', 'tflops', 'maxError']) {
        expect(Number.isFinite(row[key]), `${key} of ${row.kind}`).toBe(true)
      }
      expect(row).toMatchObject({ backend, precision: 'float32', batch: 1, heads: 4, kvHeads: 2, headDim: 8 })
    }
    expect(await readFile(join(folder, `${backend}.svg`), 'utf8')).toMatch(/^<svg [^]*time \(ms\)[^]*<\/svg>\n$/)
  })

  it('leaves out what it is told to', async () => {
    const args = ['--backend', 'cpu', '--lengths', '30', '--no-baselines', '--forward-only', '--activation', 'softmax']
    const { code, stdout } = await bench('attention', ...args, '--json', 'forward.json')
    expect(code).toBe(0)
    expect(stdout).not.toContain('dense')
    const { rows } = await read('forward.json')
    expect(rows).toHaveLength(1)
    expect(rows[0]).toMatchObject({ kernel: 'cpu', activation: 'softmax', totalMs: null })
  })

  it('says which baselines cost too much', async () => {
    const { code, stdout } = await bench(
      'attention',
      '--backend',
      'cpu',
      '--lengths',
      '30',
      '--baseline-budget',
      '0.001',
    )
    expect(code).toBe(0)
    expect(stdout).toMatch(
      /dense attention at length 30 was skipped: .* would take some \d+ s, and the budget is 0\.001 s\./,
    )
  })
})

describe('swat bench decode', () => {
  it('measures a token at near and far positions', async () => {
    const { code, stdout, stderr } = await bench('decode', '--backend', 'wasm', '--json', 'decode.json')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/\n +1,000 {2}wasm +[\d,.]+ /)
    expect(stdout).toMatch(/A token at position 1,000,000 takes [\d.]+ times as long as one at position 1,000\./)
    const { rows } = await read('decode.json')
    expect(rows.map(({ position }) => position)).toEqual([1000, 1_000_000])
    for (const { tokenMs, maxError } of rows) {
      expect(tokenMs).toBeGreaterThan(0)
      expect(maxError).toBeLessThan(2e-6)
    }
  })
})

describe('swat bench recall', () => {
  it('trains a model for each number of layers, and tells what it recalls by distance', async () => {
    const small = ['--layers', '1,2', '--window', '3', '--distances', '2,5', '--steps', '2', '--examples', '20']
    const args = [...small, '--batch', '4', '--backend', 'wasm', '--json', 'recall.json']
    const { code, stdout, stderr } = await runSwat(['bench', 'recall', ...args], folder)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/\ndistance +1 layer +2 layers\n +2 +\d+ % +\d+ %\n +5 +\d+ %\* +\d+ %\*\n/)
    const { options, rows } = await read('recall.json')
    expect(options).toMatchObject({ layers: [1, 2], window: 3, distances: [2, 5], steps: 2, batchSize: 4 })
    expect(rows).toMatchObject([
      { layers: 1, receptiveField: 3 },
      { layers: 2, receptiveField: 5 },
    ])
  })
})

describe('swat bench train', () => {
  it('measures steps of a preset', async () => {
    const args = ['train', '--backend', 'wasm', '--length', '32', '--batch', '1', '--steps', '2', '--warm-up', '1']
    const { code, stdout, stderr } = await runSwat(['bench', ...args, '--window', '8', '--json', 'train.json'], folder)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/\nnano: 147,776 parameters, batch 1 × 32, window 8, float32 on wasm\n/)
    expect(stdout).toMatch(/\n {2}speed {3}[\d,]+ tokens\/s, [\d.,]+ ms a step/)
    const { rows } = await read('train.json')
    expect(rows).toHaveLength(1)
    expect(rows[0]).toMatchObject({ model: 'nano', backend: 'wasm', batch: 1, length: 32, window: 8, shares: null })
    for (const key of ['stepMs', 'tokensPerSecond', 'peakBytes', 'plannedBytes', 'modelTflops', 'probeTflops']) {
      expect(rows[0][key], key).toBeGreaterThan(0)
    }
  })

  it('refuses what cannot fit before it begins', async () => {
    const args = ['train', '--backend', 'wasm', '--preset', 'swat-760m', '--length', '4096', '--batch', '8']
    const { code, stderr } = await runSwat(['bench', ...args], folder)
    expect(code).toBe(1)
    expect(stderr).toMatch(/This takes about [\d.]+ GB and the device has less\. Choose a smaller --batch/)
  })
})

describe('bad input', () => {
  const messageOf = async (...args: string[]) => {
    const { code, stdout, stderr } = await runSwat(['bench', ...args], folder)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/^swat: [^\n]+\n$/)
    return stderr.trimEnd()
  }

  it.each([
    [
      ['attention', '--backend', 'abacus'],
      "argument 'abacus' is invalid. Allowed choices are auto, webgpu, tensorflow, wasm, cpu.",
    ],
    [
      ['train', '--backend', 'wasm', '--threads', '0'],
      "argument '0' is invalid. Expected a whole number of at least 1.",
    ],
    [
      ['train', '--backend', 'wasm', '--threads', '65'],
      'expected threads to be a whole number from 1 to 64, but it is 65',
    ],
    [['train', '--backend', 'cpu', '--threads', '2'], "threads are for the wasm engine, but backend is 'cpu'."],
    [['attention', '--precision', 'half'], 'Allowed choices are float32, mixed.'],
    [
      ['attention', '--lengths', '1024,many'],
      'Expected whole numbers of at least 1 with commas between, for example 1024,4096.',
    ],
    [['attention', '--lengths', '0'], 'Expected whole numbers of at least 1 with commas between'],
    [['attention', '--lengths', '12.5'], 'Expected whole numbers of at least 1 with commas between'],
    [['attention', '--window', '0'], "argument '0' is invalid. Expected a whole number of at least 1."],
    [
      ['attention', '--backend', 'cpu', '--lengths', '8,8'],
      'lengths must be different and at least one, but are [8, 8].',
    ],
    [['decode', '--positions', '-5'], 'Expected whole numbers of at least 0 with commas between'],
    [
      ['matmul', '--shapes', '64x64'],
      'Expected rows x outputs x inputs with commas between, for example 4096x4096x4096.',
    ],
    [['matmul', '--backend', 'cpu', '--shapes', '8x8x8', '--tune'], "and 'cpu' is active. Leave out tune."],
    [['train', '--backend', 'wasm', '--tune'], "only the webgpu engine can be tuned, and 'wasm' is active."],
    [['atention'], "unknown command 'atention'"],
  ])('%j', async (args, message) => {
    const { code, stderr } = await runSwat(['bench', ...args], folder)
    expect(code).toBe(1)
    expect(stderr).toMatch(/^swat: [^\n]+\n$/)
    expect(stderr).toContain(message)
  })

  it('heads that do not divide', async () => {
    const args = ['bench', 'attention', '--backend', 'cpu', '--heads', '6', '--kv-heads', '4']
    const { code, stderr } = await runSwat(args, folder)
    expect(code).toBe(1)
    expect(stderr).toBe('swat: heads (6) must be a multiple of kvHeads (4). Choose kvHeads from 1, 2, 3, 6.\n')
  })

  it('words that no option takes', async () => {
    expect(await messageOf('attention', '--lengths', '1024', '4096')).toMatch(
      /^swat: too many arguments for 'attention'\./,
    )
    expect(await messageOf('decode', '1000')).toMatch(/^swat: too many arguments for 'decode'\./)
  })

  it('one file for two things', async () => {
    const before = await readdir(folder)
    expect(await messageOf('attention', '--json', 'both.txt', '--plot', './both.txt')).toBe(
      'swat: --json and --plot must be different files, but both are ./both.txt. Choose two names.',
    )
    expect(await readdir(folder)).toEqual(before)
  })

  it('files that cannot be written are refused before the work starts', async () => {
    await mkdir(join(folder, 'busy'))
    await writeFile(join(folder, 'file'), '')
    const before = await readdir(folder)
    for (const option of ['--json', '--plot']) {
      expect(await messageOf('attention', option, 'nowhere/a.json')).toBe(
        'swat: nowhere/a.json cannot be written: there is no folder nowhere. Make it, or choose another file.',
      )
      expect(await messageOf('attention', option, 'busy')).toBe(
        'swat: busy cannot be written: it is a folder. Give the name of a file.',
      )
      expect(await messageOf('attention', option, 'file/a.json')).toBe(
        'swat: file/a.json cannot be written: a part of the path is a file, not a folder. Choose another file.',
      )
    }
    expect(await readdir(folder)).toEqual(before)
  })
})
