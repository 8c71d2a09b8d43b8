import { PassThrough } from 'node:stream'
import { presetConfig } from '@swat-js/models'
import { describe, expect, it } from 'vitest'
import { commandName, shellWord } from './command-name.js'
import { duration } from './describe-event.js'
import { jsonProgress } from './json-progress.js'
import { lineProgress } from './line-progress.js'
import type { Progress } from './progress.js'
import type { RunEvent } from './run-event.js'
import { stepPace } from './step-pace.js'
import { terminalProgress } from './terminal-progress.js'

const start: RunEvent = {
  event: 'start',
  folder: 'runs/a',
  resumedFrom: null,
  step: 0,
  steps: 3,
  parameters: 1234567,
  model: presetConfig('micro'),
  trainTokens: 90000,
  validationTokens: 10000,
  bytesPerToken: 2.5,
  tokensPerStep: 2048,
  microBatchSize: 8,
  engine: { backend: 'wasm', device: 'SIMD', refused: [{ backend: 'webgpu', reason: 'no graphics card' }] },
}
const step = (number: number): RunEvent => ({
  event: 'step',
  step: number,
  loss: 5 - number,
  learningRate: 1e-3,
  gradientNorm: 0.5,
  tokensPerSecond: 1500.4,
  tokens: number * 2048,
  seconds: number * 10,
})
const sample: RunEvent = { event: 'sample', step: 3, prompt: 'a', text: 'b\u001b[2J' }

const prepare = (bytesRead: number, bytesTotal: number | null): RunEvent => ({
  ...{ event: 'prepare', documents: 12345, bytes: 4_000_000, tokens: 1_000_000, tokensPerSecond: 2_500_000.4 },
  ...{ bytesRead, bytesTotal, secondsLeft: bytesTotal === null ? null : 75 },
})
const prepared: RunEvent = {
  ...{ event: 'prepared', folder: 'tokens', outcome: 'resumed', vocabSize: 8192 },
  splits: [
    { split: 'train', tokens: 1_000_000, documents: 9000, bytes: 4_000_000, files: 2 },
    { split: 'test', tokens: 400, documents: 1, bytes: 1000, files: 1 },
  ],
  ...{ empty: 1, duplicates: 0, seconds: 65, tokenizerSeconds: 5, tokensPerSecond: 2_500_000.4 },
}

/** What a progress writes for some events. */
function shown(make: (output: PassThrough) => Progress, events: RunEvent[]): string {
  const output = new PassThrough()
  const progress = make(output)
  for (const event of events) progress.report(event)
  progress.close()
  return String(output.read() ?? '')
}

describe('lineProgress', () => {
  it('begins with a summary and the engines that were refused', () => {
    const text = shown((output) => lineProgress(output), [start])
    expect(text).toContain('Model   1,234,567 parameters: 4 layers, width 128, 4 heads, window 64')
    expect(text).toContain('Data    90,000 tokens to train on, 10,000 held out, 2.50 bytes per token')
    expect(text).toContain(
      'Engine  wasm (SIMD)\n        not webgpu: no graphics card\nSteps   3 of 2,048 tokens, 8 sequences at a time\n',
    )
  })

  it('shows the first and the last step, and none in between that come too soon', () => {
    const text = shown((output) => lineProgress(output, 60), [start, step(1), step(2), step(3)])
    expect(text).toContain('step 1/3  loss 4.0000  lr 1.00e-3  norm 0.500  1,500 tokens/s\n')
    expect(text).not.toContain('step 2/3')
    expect(text).toContain('step 3/3  loss 2.0000')
  })

  it('says how long it will take', () => {
    const text = shown((output) => lineProgress(output, 0), [start, step(1), step(2)])
    expect(text).toContain('step 2/3  loss 3.0000  lr 1.00e-3  norm 0.500  1,500 tokens/s  10 s left\n')
  })

  it('tells how far token shards have come, and what was made', () => {
    const text = shown((output) => lineProgress(output, 0), [prepare(1000, 4000), prepare(2000, null), prepared])
    expect(text.split('\n').slice(0, 3)).toEqual([
      '12,345 documents  4.0 MB  1,000,000 tokens  2,500,000 tokens/s  1 min 15 s left',
      '12,345 documents  4.0 MB  1,000,000 tokens  2,500,000 tokens/s',
      'Set         tokens, gone on with after a stop',
    ])
    expect(text).toContain('Train       1,000,000 tokens of 9,000 documents, 4.00 bytes per token, in 2 files\n')
    expect(text).toContain('Test        400 tokens of 1 document, 2.50 bytes per token, in 1 file\n')
    expect(text).toContain('Left out    1 empty document, 0 repeats\n')
    expect(shown((output) => lineProgress(output, 60), [prepare(1000, 4000)])).toBe('')
  })

  it('keeps control characters of a sample from the terminal', () => {
    expect(shown((output) => lineProgress(output), [sample])).toBe('Sample at step 3: a ▸b\uFFFD[2J\n')
  })
})

describe('jsonProgress', () => {
  it('writes one object a line and nothing else', () => {
    const events = [start, step(1), sample]
    const lines = shown(jsonProgress, events).trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(events)
  })

  it('tells how far a task has come now and then, and always its beginning and its end', () => {
    const task = (name: 'reading' | 'tokenizer', total: number) =>
      Array.from({ length: total }, (_, i): RunEvent => ({ event: 'progress', task: name, done: i + 1, total }))
    const lines = shown((output) => jsonProgress(output, 1000), [...task('reading', 7), ...task('tokenizer', 5000)])
      .trimEnd()
      .split('\n')
    expect(lines.map((line) => (JSON.parse(line) as { done: number }).done)).toEqual([1, 7, 1, 5000])
  })
})

describe('terminalProgress', () => {
  it('draws a bar with loss, learning rate, norm, speed and time left, and text above it', () => {
    const terminal = (output: PassThrough) => terminalProgress(Object.assign(output, { isTTY: true, columns: 200 }))
    const text = shown(terminal, [start, step(1), step(2), sample, step(3)])
    expect(text).toMatch(/[█░]+ 1\/3 loss 4\.0000 lr 1\.00e-3 norm 0\.500 1,500 tok\/s/)
    expect(text).toMatch(/[█░]+ 3\/3 loss 2\.0000/)
    expect(text).toContain('Sample at step 3: a ▸b')
    expect(text).not.toContain('\u001b[?25l') // the cursor is never hidden: nothing can forget to bring it back
  })
})

describe('terminalProgress of token shards', () => {
  const terminal = (output: PassThrough) => terminalProgress(Object.assign(output, { isTTY: true, columns: 200 }))

  it('draws a bar where the size of the inputs is known, and figures alone where it is not', () => {
    expect(shown(terminal, [prepare(1000, 4000)])).toMatch(/█{6}░{18} 25 % {2}12,345 documents .* 1 min 15 s left/)
    const unknown = shown(terminal, [prepare(1000, null)])
    expect(unknown).toContain('12,345 documents  4.0 MB  1,000,000 tokens  2,500,000 tokens/s')
    expect(unknown).not.toMatch(/[█░%]/)
  })

  it('never draws more than the whole: a source may hold more bytes than it said', () => {
    expect(shown(terminal, [prepare(5000, 4000)])).toMatch(/█{24} 100 % /)
  })
})

describe('stepPace', () => {
  it('goes by the steps of this session only', () => {
    const pace = stepPace()
    pace.add(100, 5000)
    expect(pace.secondsLeft(110)).toBeNull()
    pace.add(102, 5006)
    expect(pace.secondsLeft(110)).toBe(24)
  })
})

describe('words for people', () => {
  it.each([
    [0.4, '0 s'],
    [59.6, '1 min 00 s'],
    [200, '3 min 20 s'],
    [7530, '2 h 05 min'],
  ])('%d seconds are %s', (seconds, words) => {
    expect(duration(seconds)).toBe(words)
  })

  it('quotes what a shell would take apart', () => {
    expect(['runs/a-1', 'Call me', "it's"].map(shellWord)).toEqual(['runs/a-1', "'Call me'", `'it'\\''s'`])
  })

  it('names the program as it was called', () => {
    const names = [{}, { npm_lifecycle_event: 'npx' }, { npm_lifecycle_event: 'train' }].map(commandName)
    expect(names).toEqual(['swat', 'npx swat', 'npm run swat --'])
  })
})
