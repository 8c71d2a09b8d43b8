import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readRunConfig, type ConfigOverrides } from './read-run-config.js'
import { resolveModel } from './resolve-model.js'
import { resolveRunConfig } from './resolve-run-config.js'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'swat-config-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function read(text: string, overrides: ConfigOverrides = {}, name = 'book.yaml') {
  await writeFile(join(folder, name), text)
  return readRunConfig(join(folder, name), overrides)
}

async function messageOf(text: string, overrides: ConfigOverrides = {}): Promise<string> {
  const error = await read(text, overrides).then(
    () => new Error('it was accepted'),
    (reason: Error) => reason,
  )
  return error.message.replaceAll(`${folder}/`, '')
}

describe('readRunConfig', () => {
  it('fills in every default and takes the name from the file', async () => {
    expect(await read('data: { path: text.txt }')).toEqual(
      resolveRunConfig({ name: 'book', data: { path: 'text.txt' } }),
    )
  })

  it('reads JSON with tabs, and numbers such as 1e-3', async () => {
    const json = '{\n\t"data": {"path": ["a.txt", "b"]},\n\t"training": {"learningRate": 1e-3}\n}'
    const config = await read(json, {}, 'book.json')
    expect(config.data.path).toEqual(['a.txt', 'b'])
    expect(config.training.learningRate).toBe(0.001)
  })

  it('applies --set as YAML, in order, over the file; --name over both', async () => {
    const set = ['training.steps=7', 'training.steps=9', 'model={preset: nano, window: null}', 'sample.prompt=Call me']
    const config = await read('data: { path: t }\ntraining: { steps: 3, length: 5 }', { set, name: 'other' })
    expect(config.training).toMatchObject({ steps: 9, length: 5 })
    expect(config.model).toEqual({ preset: 'nano', window: null })
    expect(config.sample.prompt).toBe('Call me')
    expect(config.name).toBe('other')
  })

  it('reads back what it resolved', async () => {
    const config = await read('data: { path: t }\nmodel: { preset: nano, slopes: [1, -1, 0.5, -0.5] }')
    expect(await read(JSON.stringify(config))).toEqual(config)
  })

  it.each<[what: string, text: string, set: string[], message: string]>([
    [
      'unknown key',
      'data: { path: t }\ntraining:\n  stpes: 3',
      [],
      "book.yaml:3:3: training.stpes: unknown key 'stpes'; did you mean 'steps'?",
    ],
    [
      'unknown section',
      'data: { path: t }\ntrainings: {}',
      [],
      "book.yaml:2:1: trainings: unknown key 'trainings'; did you mean 'training'?",
    ],
    [
      'unknown model key',
      'data: { path: t }\nmodel: { windw: 3 }',
      [],
      "book.yaml:2:10: model.windw: unknown key 'windw'; did you mean 'window'?",
    ],
    [
      'a value that takes away what makes the baseline',
      'data: { path: t }\nmodel: { baseline: transformer++, window: 8 }',
      [],
      'book.yaml:2:35: model.window: expected null, which makes the baseline transformer++, got 8; leave one of them out.',
    ],
    [
      'unknown preset',
      'data: { path: t }\nmodel: { preset: mikro }',
      [],
      'book.yaml:2:10: model.preset: expected one of nano, micro, tiny, small, base, medium, swat-340m, swat-760m, swat-analysis (and 34 more), got "mikro"; did you mean \'micro\'?',
    ],
    [
      'wrong type',
      'data: { path: t }\ntraining: { steps: many }',
      [],
      'book.yaml:2:13: training.steps: expected a number, got "many".',
    ],
    [
      'fraction',
      'data: { path: t }\ntraining: { steps: 1.5 }',
      [],
      'book.yaml:2:13: training.steps: expected a whole number, got 1.5.',
    ],
    [
      'too small',
      'data: { path: t }\nsplit: { validationShare: 0 }',
      [],
      'book.yaml:2:10: split.validationShare: expected a number of more than 0, got 0.',
    ],
    [
      'too large',
      'data: { path: t }\ntraining: { beta1: 1 }',
      [],
      'book.yaml:2:13: training.beta1: expected a number of less than 1, got 1.',
    ],
    [
      'section that is a list',
      'data: { path: t }\ntraining: [1]',
      [],
      'book.yaml:2:1: training: expected a section with keys, got [1].',
    ],
    ['wrong kind of path', 'data: { path: 3 }', [], 'book.yaml:1:9: data.path: expected a text or a list, got 3.'],
    [
      'no data',
      'name: a',
      [],
      'book.yaml: data: expected a section with path (your own text), module (an npm package), hub (a data set) or shards (a prepared set), but it is missing.',
    ],
    [
      'two sources',
      'data: { path: t, module: m }',
      [],
      'book.yaml:1:1: data: expected one of path (your own text), module (an npm package), hub (a data set) and shards (a prepared set).',
    ],
    [
      'bpe without size',
      'data: { path: t }\ntokenizer: { type: bpe }',
      [],
      'book.yaml:2:14: tokenizer.type: a bpe tokenizer needs vocabSize, for example 2048.',
    ],
    [
      'vocabulary in the model',
      'data: { path: t }\nmodel: { vocabSize: 5 }',
      [],
      'book.yaml:2:10: model.vocabSize: the vocabulary comes from the tokenizer; leave it out.',
    ],
    [
      'warm-up too long',
      'data: { path: t }\ntraining: { steps: 5, warmupSteps: 5 }',
      [],
      'book.yaml:2:23: training.warmupSteps: expected fewer than training.steps (5), got 5.',
    ],
    [
      'bad name',
      'data: { path: t }\nname: ../a',
      [],
      'book.yaml:2:1: name: expected letters, digits, dots, dashes and underscores, got "../a".',
    ],
    [
      '--set of a wrong type',
      'data: { path: t }',
      ['training.steps=x'],
      '--set training.steps=x: training.steps: expected a number, got "x".',
    ],
    ['--set of an unknown key', 'data: { path: t }', ['stpes=4'], "--set stpes=4: stpes: unknown key 'stpes'"],
    [
      '--set without value',
      'data: { path: t }',
      ['training.steps'],
      '--set training.steps: expected key=value, for example --set training.steps=200.',
    ],
    [
      '--set below a value',
      'data: { path: t }\nseed: 1',
      ['seed.a=2'],
      '--set seed.a=2: seed is 1, which has no keys to set.',
    ],
    [
      '--set that lacks something beside it',
      'data: { path: t }\ntokenizer: { type: byte }',
      ['tokenizer.type=bpe'],
      '--set tokenizer.type=bpe: tokenizer.type: a bpe tokenizer needs vocabSize',
    ],
    [
      '--set that contradicts the file',
      'data: { path: t }\ntraining: { steps: 50, warmupSteps: 20 }',
      ['training.steps=10'],
      '--set training.steps=10: training.steps: expected fewer than training.steps (10), got 20.',
    ],
    [
      '--set that contradicts the model of the file',
      'data: { path: t }\nmodel: { hiddenSize: 16, heads: 2 }',
      ['model.heads=3'],
      '--set model.heads=3: model.heads: hiddenSize (16) must be a multiple of heads (3). Change one or give headDim.',
    ],
    ['--set that is not YAML', 'data: { path: t }', ['name={a'], '--set name={a: the value is not valid YAML.'],
    ['key given twice', 'data: { path: t }\nseed: 1\nseed: 2', [], 'book.yaml:3:1: Map keys must be unique.'],
    [
      'broken YAML',
      'data: [1,\nb: 2',
      [],
      'book.yaml:2:1: Flow sequence in block collection must be sufficiently indented',
    ],
    ['empty file', '', [], 'book.yaml: the file is empty.'],
    ['only a comment', '# nothing', [], 'book.yaml: the file is empty.'],
    ['a list', '- 1', [], "book.yaml: expected keys such as 'data:' at the top, got something else."],
  ])('%s', async (_, text, set, message) => {
    expect(await messageOf(text, { set })).toContain(message)
  })

  it.each<[what: string, text: string, message: string]>([
    [
      'infinity',
      'training: { learningRate: .inf }',
      '2:13: training.learningRate: expected a finite number, got Infinity.',
    ],
    ['not a number', 'seed: .nan', '2:1: seed: expected a finite number, got NaN.'],
    [
      'a guess at the end',
      'engine: { backend: cpv }',
      `2:11: engine.backend: expected one of auto, webgpu, tensorflow, wasm, cpu, got "cpv"; did you mean 'cpu'?`,
    ],
    ['no follow-up', 'training: { steps: -5 }', '2:13: training.steps: expected a number of more than 0, got -5.'],
    [
      'unknown key inside the model',
      'model:\n  rope:\n    bas: 3',
      "4:5: model.rope.bas: unknown key 'bas'; did you mean 'base'?",
    ],
    [
      'unknown key of a scaling',
      'model:\n  rope: { scaling: { type: yarn, factor: 2, originalLength: 64, mscal: 1 } }',
      "3:65: model.rope.scaling.mscal: unknown key 'mscal'; did you mean 'mscale'?",
    ],
    [
      'unknown scaling',
      'model:\n  rope:\n    scaling: { type: longrope }',
      "4:16: model.rope.scaling.type: rope.scaling.type must be 'linear', 'ntk', 'yarn',",
    ],
    [
      'scaling without original length',
      'model:\n  rope:\n    scaling: { type: yarn, factor: 2 }',
      '4:5: model.rope.scaling.originalLength: rope.scaling.originalLength must be a positive integer, but is missing.',
    ],
    [
      'scaling that the frequencies refuse',
      'model:\n  rope: { scaling: { type: yarn, factor: 2, originalLength: 1 } }',
      '3:11: model.rope.scaling: yarn is not defined for originalLength 1',
    ],
    [
      'dynamic scaling',
      'model:\n  rope: { scaling: { type: dynamic-ntk, factor: 2, originalLength: 64 } }',
      '3:22: model.rope.scaling.type: expected linear, ntk, yarn or yarn-by-parts, got dynamic-ntk, which goes by the ' +
        'length of each text, but a run validates and samples as an endless stream. For texts of N tokens it is ntk ' +
        'with factor 2 · N / 64 − 1.',
    ],
    ['wrong value inside the model', 'model:\n  rope:\n    base: no', "base must be a positive number, but is 'no'."],
    ['slopes', 'model: { slopes: swat }', '2:10: model.slopes: '],
  ])('says of %s just that', async (_, text, message) => {
    const told = await messageOf(`data: { path: t }\n${text}`)
    expect(told).toContain(message)
    expect(told).toMatch(/^book\.yaml:\d+:\d+: [\w.]+: (?!\w+: )[^\n]*$/)
    expect(told.match(/book\.yaml/g)).toHaveLength(1)
  })

  it('takes a scaling of rotary positions, from the file and from --set', async () => {
    const scaling = { type: 'yarn', factor: 4, originalLength: 64 }
    const rope = { base: 500, scaling }
    const fromFile = await read(`data: { path: t }\nmodel: { rope: ${JSON.stringify(rope)} }`)
    expect(resolveModel(fromFile.model, 256).rope).toEqual({ base: 500, scaling: { ...scaling, mscale: 1 } })
    const set = ['model.rope.scaling={ type: linear, factor: 2 }']
    const fromSet = await read('data: { path: t }', { set })
    expect(resolveModel(fromSet.model, 256).rope).toEqual({ base: 10000, scaling: { type: 'linear', factor: 2 } })
  })

  it('names every thing that is wrong with the model, each in its place', async () => {
    const text = 'data: { path: t }\nmodel:\n  layers: 0\n  rope: { bas: 3 }\n  windw: 3'
    const message = await messageOf(text, { set: ['model.window=-1'] })
    expect(message).toContain('book.yaml:3:3: model.layers: ')
    expect(message).toContain('book.yaml:4:11: model.rope.bas: ')
    expect(message).toContain('book.yaml:5:3: model.windw: ')
    expect(message).toContain('--set model.window=-1: model.window: ')
  })

  it('names every thing that is wrong', async () => {
    const message = await messageOf('data: { path: t }\nseed: -1\ntraining: { steps: 0, clip: no }')
    expect(message).toContain('book.yaml:2:1: seed: ')
    expect(message).toContain('book.yaml:3:13: training.steps: ')
    expect(message).toContain('book.yaml:3:23: training.clip: ')
  })

  it.each([
    ['odd head dimension', '{ hiddenSize: 20, heads: 4 }', 'headDim must be even'],
    ['heads no multiple of key heads', '{ heads: 4, kvHeads: 3 }', 'model.kvHeads: kvHeads must divide heads (4)'],
    ['window 0', '{ window: 0 }', 'book.yaml:2:10: model.window: window must be a positive integer'],
    ['negative window', '{ window: -5 }', 'book.yaml:2:10: model.window: window must be a positive integer'],
  ])('%s', async (_, model, message) => {
    expect(await messageOf(`data: { path: t }\nmodel: ${model}`)).toContain(message)
  })
})
