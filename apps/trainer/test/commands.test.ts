import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Inspection } from '@swat-js/benchmarks'
import type { StartEvent } from '../src/index.js'
import { outcomeOf, runSwat, startSwat, type Outcome } from './swat-process.js'
import { tinyConfig, tinyFolder, tinyText } from './tiny-run.js'

// Every test starts whole processes.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 })

// Half a minute of a character model would be enough to beat gzip on a book; here 150 steps must beat guessing.
const config = tinyConfig
  .replace('tokenizer: { type: byte }', 'tokenizer: { type: bpe, vocabSize: 300, endOfDocument: <|endoftext|> }')
  .replace('steps: 20, batchSize: 2', 'steps: 150, batchSize: 4')
  .replace('every: 5, tokens', 'every: 50, tokens')

let folder: string
let trained: Outcome
beforeAll(async () => {
  folder = await tinyFolder(config)
  trained = await runSwat(['train', 'tiny.yaml'], folder)
})
afterAll(() => rm(folder, { recursive: true }))

const json = async <T>(...path: string[]) => JSON.parse(await readFile(join(folder, 'runs/tiny', ...path), 'utf8')) as T

interface Summary {
  step: number
  validationLoss: number
  bitsPerByte: number
  gzipBitsPerByte: number
  tokens: number
  backend: string
}

describe('swat train', () => {
  it('ends by itself, tells what it does, what it reached and how to sample', () => {
    expect(trained).toMatchObject({ code: 0, signal: null, stderr: '' })
    for (const part of [
      /Run {5}runs\/tiny\n/,
      /Model {3}[\d,]+ parameters: 2 layers, width 16, 2 heads, window 8, 300 tokens/,
      /Data {4}[\d,]+ tokens to train on, [\d,]+ held out, \d\.\d\d bytes per token/,
      /Engine {2}wasm/,
      /step 150\/150 {2}loss \d/,
      /Validation at step 100: loss/,
      /Sample at step 150: the ▸/,
      /Finished after 150 of 150 steps/,
      /Held-out text: loss \d+\.\d{4}, \d\.\d{3} bits per byte; gzip -9 needs \d\.\d{3} on the same text/,
      /Sample with: .*generate --run runs\/tiny --prompt the\n$/,
    ]) {
      expect(trained.stdout).toMatch(part)
    }
  })

  it('leaves a run folder with everything and nothing else', async () => {
    expect((await readdir(join(folder, 'runs/tiny'))).sort()).toEqual([
      'checkpoints',
      'config.json',
      'metrics.jsonl',
      'summary.json',
    ])
    expect((await readdir(join(folder, 'runs/tiny/checkpoints'))).sort()).toEqual(['step-000145', 'step-000150'])
    expect((await readdir(folder)).sort()).toEqual(['runs', 'text.txt', 'tiny.yaml'])
  })

  it('writes a line of numbers for every step', async () => {
    const lines = (await readFile(join(folder, 'runs/tiny/metrics.jsonl'), 'utf8')).trimEnd().split('\n')
    const events = lines.map((line) => JSON.parse(line) as Record<string, number | string>)
    const steps = events.filter(({ event }) => event === 'step')
    expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: 150 }, (_, i) => i + 1))
    for (const line of steps) {
      for (const key of ['loss', 'learningRate', 'gradientNorm', 'tokensPerSecond', 'tokens', 'seconds']) {
        expect(Number.isFinite(line[key]), `${key} at step ${line.step}`).toBe(true)
      }
    }
    // Warm-up of 2 steps, peak 3e-3, a cosine down to a tenth of it.
    expect(steps[0].learningRate).toBe(0)
    expect(steps[2].learningRate).toBeCloseTo(3e-3, 12)
    expect(steps[149].learningRate).toBeGreaterThan(3e-4)
    expect(steps[149].learningRate).toBeLessThan(3.01e-4)
    expect(steps[149].tokens).toBe(150 * 2 * 4 * 16)
    expect(steps[149].loss).toBeLessThan(4) // guessing among 300 tokens costs ln 300 = 5.70
    expect(events.filter(({ event }) => event === 'validation').map(({ step }) => step)).toEqual([50, 100, 150])
    expect(events.filter(({ event }) => event === 'sample').map(({ step }) => step)).toHaveLength(15)
  })

  it('compares with gzip on the very text that was scored', async () => {
    const summary = await json<Summary>('summary.json')
    const { text } = await json<{ text: { validationTokens: number } }>('config.json')
    const heldOut = tinyText.slice(Math.floor(tinyText.length * 0.9))
    const start = heldOut.search(/\s/)
    // The first token is not scored; it is at least one byte of the held-out text.
    const gzip = (skipped: number) => {
      const bytes = Buffer.from(heldOut.slice(start + skipped))
      return (gzipSync(bytes, { level: 9 }).length * 8) / bytes.length
    }
    const candidates = Array.from({ length: 12 }, (_, i) => gzip(i + 1))
    expect(candidates).toContain(summary.gzipBitsPerByte)
    const bytes = heldOut.length - start - (candidates.indexOf(summary.gzipBitsPerByte) + 1)
    const bits = (summary.validationLoss * (text.validationTokens - 1)) / Math.LN2
    expect(summary.bitsPerByte).toBeCloseTo(bits / bytes, 6)
    expect(summary).toMatchObject({ step: 150, tokens: 150 * 2 * 4 * 16, backend: 'wasm' })
  })

  it('records the configuration, the versions and the seed', async () => {
    const record = await json<Record<string, Record<string, unknown>>>('config.json')
    expect(record).toMatchObject({ seed: 1, config: { name: 'tiny' }, model: { vocabSize: 300, window: 8 } })
    expect(record.versions).toEqual({ trainer: '0.0.0', tensorflow: '4.22.0', node: process.versions.node })
  })
})

describe('swat eval', () => {
  it('measures the held-out text again, to the same loss', async () => {
    const { code, stdout, stderr } = await runSwat(
      ['eval', '--run', 'runs/tiny', '--json', '--backend', 'wasm'],
      folder,
    )
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const summary = await json<Summary>('summary.json')
    const { loss, bitsPerByte, gzipBitsPerByte } = JSON.parse(stdout) as Record<string, number>
    expect([loss, bitsPerByte, gzipBitsPerByte]).toEqual([
      summary.validationLoss,
      summary.bitsPerByte,
      summary.gzipBitsPerByte,
    ])
  })

  it('measures another text with a checkpoint', async () => {
    const checkpoint = 'runs/tiny/checkpoints/step-000145'
    const other = 'A file of its own: 57 bytes that no training has ever seen.'.slice(0, 57)
    await writeFile(join(folder, 'other.txt'), other)
    const { code, stdout } = await runSwat(['eval', '--run', checkpoint, '--data', 'other.txt'], folder)
    expect(code).toBe(0)
    expect(stdout).toMatch(/Bits per byte {7}\d+\.\d{4}\n/)
    // The first token is not scored: it is a byte or two of this text. The document's end is, and has no bytes.
    expect(stdout).toMatch(/Scored {14}\d\d tokens, 5[56] bytes/)
    expect(stdout).toContain(`Checkpoint          ${checkpoint} on `)
  })
})

describe('swat inspect', () => {
  const inspect = (...args: string[]) =>
    runSwat(['inspect', '--run', 'runs/tiny', '--text', 'text.txt', ...args], folder)

  it('prints tables, and writes numbers and pictures', async () => {
    const sizes = ['--from', '20', '--tokens', '30', '--sequences', '3', '--places', '4', '--heads', '1']
    const files = ['--json', 'inspection.json', '--plot', 'inspection.svg']
    const { code, stdout, stderr } = await inspect(...sizes, ...files, '--backend', 'wasm')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^Engine: wasm/)
    for (const part of [
      /\nAttention of 30 tokens, from token 20 of [\d,]+ on/,
      /\n0 +0 +8 /,
      /\n1 +1 +8 /,
      /\nVariance of tokens over channels/,
      /\nAttention sinks: .* over 3 sequences of 64 tokens, each query’s weights divided by their sum\n/,
      /\nall +\d+\.\d %/,
      /\nby the windows: 1 \+ Σ \(window − 1\) = 15\n/,
      /\nby changing a token: \d+ outputs change\n/,
      /\nWritten: inspection\.json\nWritten: inspection\.svg\n$/,
    ]) {
      expect(stdout).toMatch(part)
    }

    const record = JSON.parse(await readFile(join(folder, 'inspection.json'), 'utf8')) as Record<string, never>
    expect(Object.keys(record)).toEqual([
      ...['machine', 'versions', 'checkpoint', 'model', 'textTokens', 'stretch', 'layers', 'sinks', 'receptiveField'],
      'maps',
    ])
    expect(record).toMatchObject({
      checkpoint: 'runs/tiny/checkpoints/step-000150',
      model: { layers: 2, heads: 2, activation: 'sigmoid', window: 8 },
      stretch: { from: 20, to: 50 },
      sinks: { sequences: 3, length: 64, epsilon: 0.3, normalisedRows: true },
      receptiveField: { theoretical: 15, measuredWithin: 23, loss: { places: 4, contexts: [1, 2, 4, 8, 15] } },
    })
    const { layers, maps } = record as unknown as Inspection
    for (const { variance, received, heads } of layers) {
      expect([variance.length, received.length, heads.length]).toEqual([30, 30, 2])
      expect(Math.min(...variance, ...received)).toBeGreaterThan(0)
      heads.forEach(({ statistics }) => expect(statistics.sum).toBeGreaterThan(0))
    }
    expect(maps.map(({ layer, head }) => [layer, head])).toEqual([
      [0, 1],
      [1, 1],
    ])
    expect(maps[0].keys[0]).toEqual([13, 14, 15, 16, 17, 18, 19, 20])

    const svg = await readFile(join(folder, 'inspection.svg'), 'utf8')
    expect(svg).toMatch(/^<svg [\s\S]*layer 0, head 1; largest[\s\S]*layer 1, head 1; largest[\s\S]*<\/svg>\n$/)
  })

  it.each([
    [['--heads', '2'], /a head must be a whole number from 0 to 1, but is 2/],
    [['--context', '99999'], /the text must have a token more than context, which is 99999, but has \d+/],
    [['--tokens', '1'], /argument '1' is invalid\. Expected a whole number of at least 2/],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await inspect(...args, '--backend', 'wasm')
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(message) })
  })
})

describe('swat generate', () => {
  const generate = (...args: string[]) =>
    runSwat(['generate', '--run', 'runs/tiny', '--prompt', 'call me', ...args], folder)

  it('continues the prompt, the same for the same seed, as text or as JSON', async () => {
    const [plain, pieces, other] = [await generate(), await generate('--json'), await generate('--seed', '2')]
    expect(plain).toMatchObject({ code: 0, stderr: '' })
    expect(plain.stdout).toMatch(/^call me.+\n$/s)
    const texts = pieces.stdout
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { text: string }).text)
    expect(texts.length).toBeGreaterThan(1)
    expect(`call me${texts.join('')}\n`).toBe(plain.stdout)
    expect(other.stdout).not.toBe(plain.stdout)
  })

  interface Line {
    sequence: number
    text: string
    token?: number
    logProbability?: number
    likeliest?: { token: number; text: string; logProbability: number }[]
    end?: 'stop' | 'length'
  }
  const linesOf = ({ stdout }: Outcome) => {
    const lines = stdout.trimEnd().split('\n')
    return lines.map((line) => JSON.parse(line) as Line)
  }

  it('continues several prompts, from files and standard input too, each as it would be alone', async () => {
    await writeFile(join(folder, 'prompt.txt'), 'moby and\n')
    const args = ['--run', 'runs/tiny', '--tokens', '30', '--top-p', '0.9', '--min-p', '0.02', '--backend', 'wasm']
    const run = async (...more: string[]) => {
      const child = startSwat(['generate', ...args, ...more], folder, process.env, 'sea and ship')
      const outcome = await outcomeOf(child)
      expect(outcome).toMatchObject({ code: 0, stderr: '' })
      return outcome
    }
    const files = ['--prompt-file', 'prompt.txt', '--prompt-file', '-']
    const together = await run('--prompt', 'call me', ...files)
    const alone = [
      await run('--prompt', 'call me', '--seed', '1'),
      await run('--prompt-file', 'prompt.txt', '--seed', '2'),
      await run('--prompt-file', '-', '--seed', '3'),
    ]
    expect(together.stdout).toBe(alone.map(({ stdout }) => stdout).join('\n'))
    const lines = linesOf(await run('--prompt', 'call me', ...files, '--json'))
    const texts = [0, 1, 2].map((sequence) => lines.filter((line) => line.sequence === sequence))
    texts.forEach((pieces, i) => {
      const prompt = ['call me', 'moby and\n', 'sea and ship'][i]
      expect(`${prompt}${pieces.map(({ text }) => text).join('')}\n`).toBe(alone[i].stdout)
      expect(pieces.map(({ end }) => end).filter(Boolean)).toHaveLength(1)
    })
  })

  it('tells log-probabilities in JSON', async () => {
    const lines = linesOf(await generate('--tokens', '5', '--temperature', '0', '--json', '--log-probabilities', '2'))
    const tokens = lines.filter(({ token }) => token !== undefined)
    expect(tokens).toHaveLength(5)
    for (const { token, logProbability, likeliest = [] } of tokens) {
      expect(likeliest).toHaveLength(2)
      expect(likeliest[0]).toMatchObject({ token, logProbability })
      expect(likeliest[1].logProbability).toBeLessThanOrEqual(likeliest[0].logProbability)
      expect(likeliest[0].text).not.toBe('')
    }
    expect(lines[lines.length - 1].end).toBe('length')
  })

  it('ends before a stop string', async () => {
    const free = (await generate('--tokens', '60')).stdout.slice('call me'.length, -1)
    const stop = free.slice(20, 23)
    const stopped = await generate('--tokens', '60', '--stop', stop, '--stop', 'no such text')
    expect(stopped.stdout).toBe(`call me${free.slice(0, free.indexOf(stop))}\n`)
  })

  it.each([
    [['--top-p', '1.5'], /topP must be a number above 0 and at most 1, but is 1\.5/],
    [['--log-probabilities', '1'], /has no place in plain text\. Add --json/],
    [['--prompt-file', 'nowhere.txt'], /The prompt cannot be read: ENOENT.*nowhere\.txt/],
  ])('refuses %j', async (args, message) => {
    const { code, stdout, stderr } = await generate(...args)
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(message) })
    expect(stdout).not.toContain('\n')
  })

  it('refuses to continue nothing, and bytes that are no text', async () => {
    const nothing = await runSwat(['generate', '--run', 'runs/tiny'], folder)
    expect(nothing).toMatchObject({ code: 1, stderr: expect.stringContaining('Give --prompt <text> or --prompt-file') })
    await writeFile(join(folder, 'bytes.txt'), Uint8Array.of(0x61, 0xff))
    const bytes = await runSwat(['generate', '--run', 'runs/tiny', '--prompt-file', 'bytes.txt'], folder)
    expect(bytes).toMatchObject({
      code: 1,
      stderr: 'swat: bytes.txt: a prompt must be UTF-8 text. Convert it first.\n',
    })
  })

  it('ends without a word when nobody reads on', async () => {
    const child = startSwat(['generate', '--run', 'runs/tiny', '--prompt', 'call me', '--tokens', '1000000'], folder)
    const { code, stderr } = await outcomeOf(child, () => child.stdout.destroy())
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })

  it('refuses an option that is not a number', async () => {
    const { code, stderr } = await generate('--tokens', 'many')
    expect(code).toBe(1)
    expect(stderr).toMatch(/^swat: .*argument 'many' is invalid\. Expected a whole number of at least 1\.\n$/)
  })
})

describe('swat config', () => {
  it('prints a configuration that means the same when it is read again', async () => {
    const { stdout, code } = await runSwat(['config', 'tiny.yaml', '--set', 'model.window=4', '--json'], folder)
    expect(code).toBe(0)
    const printed = JSON.parse(stdout) as { name: string; training: object; model: object }
    expect(printed.name).toBe('tiny')
    expect(printed.training).toMatchObject({ steps: 150, beta2: 0.95, clip: 1, maxMinutes: null })
    expect(printed.model).toMatchObject({ preset: 'nano', window: 4, kvHeads: 2, headDim: 8, slopes: 'swat-+' })
  })
})

describe('npm run swat from a folder of the repository', () => {
  it('reads and writes there: a folder, a .jsonl file and a list of both', async () => {
    await mkdir(join(folder, 'texts/more'), { recursive: true })
    await writeFile(join(folder, 'texts/a.txt'), 'wha '.repeat(100))
    await writeFile(join(folder, 'texts/more/b.md'), 'sea '.repeat(100))
    await writeFile(join(folder, 'c.jsonl'), '{"text":"ship ship "}\n{"text":"mael mael "}\n'.repeat(40))
    const set = ['data={path: [texts, c.jsonl]}', 'training.steps=3', 'tokenizer={type: byte}', 'split.by=document']
    const npm = { INIT_CWD: folder, npm_lifecycle_event: 'swat', npm_package_name: 'swat-js' }
    const args = ['train', 'tiny.yaml', '--name', 'mixed', '--json', ...set.flatMap((value) => ['--set', value])]
    const { code, stdout, stderr } = await outcomeOf(startSwat(args, tmpdir(), { ...process.env, ...npm }))
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const start = JSON.parse(stdout.slice(0, stdout.indexOf('\n'))) as StartEvent
    expect(start).toMatchObject({ event: 'start', folder: 'runs/mixed' })
    expect(start.trainTokens + start.validationTokens).toBe(400 + 400 + 40 * 20)
    expect(await readdir(join(folder, 'runs/mixed'))).toContain('summary.json')
  })
})

describe('swat train with the short forms', () => {
  it('mixed precision, micro-batches and activations computed again give the curve of the plain run', async () => {
    const set = ['--set', 'training.steps=6', '--set', 'validation.every=100', '--set', 'sample.every=100']
    const lossesOf = async (name: string, ...args: string[]) => {
      const { code, stderr } = await runSwat(['train', 'tiny.yaml', '--name', name, ...set, ...args], folder)
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      const lines = (await readFile(join(folder, 'runs', name, 'metrics.jsonl'), 'utf8')).trimEnd().split('\n')
      const events = lines.map((line) => JSON.parse(line) as Record<string, number | string>)
      return events.filter(({ event }) => event === 'step')
    }
    const plain = await lossesOf('plain')
    const other = await lossesOf('other', '--precision', 'mixed', '--batch', '1', '--checkpoint-activations')
    expect(other.map(({ lossScale }) => lossScale)).toEqual(plain.map(() => 65536))
    expect(plain[0]).not.toHaveProperty('lossScale')
    for (const [i, { loss }] of plain.entries()) expect(other[i].loss).toBeCloseTo(loss as number, 4)
    const state = join(folder, 'runs/other/checkpoints/step-000006/state.json')
    expect(JSON.parse(await readFile(state, 'utf8'))).toMatchObject({ lossScale: { scale: 65536, stableSteps: 6 } })
  })

  it('refuses a micro-batch that does not divide the batch', async () => {
    const { code, stderr } = await runSwat(['train', 'tiny.yaml', '--name', 'odd', '--batch', '3'], folder)
    expect(code).toBe(1)
    expect(stderr).toMatch(/training\.microBatchSize=3: expected a divisor of training\.batchSize \(2|4\), got 3/)
  })
})

describe('models to compare with', () => {
  it('a baseline trains, and runs with sinks that it was not trained with', async () => {
    const set = ['model.baseline=sliding-softmax', 'training.steps=3', 'sample.every=100']
    const args = ['train', 'tiny.yaml', '--name', 'softmax', ...set.flatMap((one) => ['--set', one])]
    expect(await runSwat(args, folder)).toMatchObject({ code: 0, stderr: '' })
    const saved = 'runs/softmax/checkpoints/step-000003/config.json'
    expect(JSON.parse(await readFile(join(folder, saved), 'utf8'))).toMatchObject({ swat_activation: 'softmax' })

    const evaluate = async (...set: string[]) => {
      const options = set.flatMap((one) => ['--set', one])
      const { code, stdout, stderr } = await runSwat(['eval', '--run', 'runs/softmax', '--json', ...options], folder)
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      return (JSON.parse(stdout) as { loss: number }).loss
    }
    const [trained, wider] = [await evaluate(), await evaluate('model.window=16')]
    const streaming = await evaluate('model.sinks=2', 'model.sinkPositions=in-cache')
    expect(new Set([trained, wider, streaming]).size).toBe(3)
    for (const loss of [wider, streaming]) expect(Math.abs(loss - trained)).toBeLessThan(0.1)
    const refused = await runSwat(['eval', '--run', 'runs/softmax', '--set', 'model.layers=1'], folder)
    expect(refused).toMatchObject({ code: 1, stdout: '' })
    expect(refused.stderr).toMatch(/--set model.layers=1: a trained model keeps its weights/)
  })

  it('a row of the paper brings the length of its training', async () => {
    const config = async (...set: string[]) => {
      const options = set.flatMap((one) => ['--set', one])
      const { stdout } = await runSwat(['config', 'tiny.yaml', '--json', ...options], folder)
      return JSON.parse(stdout) as { training: { length: number }; model: object }
    }
    const row = ['model={preset: table3-8-small}', 'training={steps: 3}']
    expect(await config(...row)).toMatchObject({
      training: { length: 128 },
      model: { preset: 'table3-8-small', window: 16, slopes: { recency: 3, remote: 3 } },
    })
    expect(await config(...row, 'training.length=32')).toMatchObject({ training: { length: 32 } })
  })
})

describe('swat plan', () => {
  it('tells memory and time before a run', async () => {
    const { code, stdout, stderr } = await runSwat(
      ['plan', 'tiny.yaml', '--set', 'training.microBatchSize=auto'],
      folder,
    )
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^Model {3}[\d,]+ parameters: 2 layers, width 16, \d+ tokens in the vocabulary\n/)
    expect(stdout).toMatch(/\nTime {4}about .* tokens\/s, at 50 % of the [\d.e-]+ TFLOP\/s of a matrix product here\n/)
    expect(stdout).toMatch(/\n +2 {2}0\.00 GB, 0\.00 GB with\n/)
    expect(stdout).toMatch(/this run computes \d at a time\n$/)
  })

  it('says so when not even one sequence fits, as data too', async () => {
    const set = ['--set', 'model={preset: swat-340m}', '--set', 'training.length=8192']
    const { code, stdout } = await runSwat(
      ['plan', 'tiny.yaml', '--json', ...set, '--set', 'training.microBatchSize=auto'],
      folder,
    )
    expect(code).toBe(0)
    const plan = JSON.parse(stdout) as { backend: string; microBatchSize: number | null; memory: { fits: boolean }[] }
    expect(plan).toMatchObject({ backend: 'wasm', microBatchSize: null })
    expect(plan.memory.every(({ fits }) => !fits)).toBe(true)
  })

  it('says that it has no prediction for a recurrence', async () => {
    const model = 'model={preset: nano, baseline: gla}'
    const { code, stderr } = await runSwat(['plan', 'tiny.yaml', '--set', model], folder)
    expect(code).toBe(1)
    expect(stderr).toMatch(/^swat: the memory of the mixer gla is not predicted, only that of attention\. Try/)
  })
})

describe('help and version', () => {
  it.each([
    [['config', '--schema'], /^\{\n[^]*"training": \{[^]*"required": \[\s*"name",\s*"data"\s*\][^]*\n\}\n$/],
    [['--version'], /^0\.0\.0\n$/],
    [['train', '--help'], /Examples:\n {2}swat train recipes\/moby-dick\.yaml/],
  ])('swat %j', async (args, expected) => {
    const { code, stdout, stderr } = await runSwat(args, folder)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(expected)
  })
})
