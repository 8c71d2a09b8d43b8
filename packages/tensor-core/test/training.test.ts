import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import {
  accumulateGradients,
  adamW,
  clipByGlobalNorm,
  cosineSchedule,
  createRandom,
  crossEntropy,
  disposeParameters,
  embedding,
  flattenParameters,
  linear,
  nextTokenLabels,
  parametersFromSafetensors,
  parametersToSafetensors,
  readSafetensors,
  rmsNorm,
  swiGlu,
  tf,
  useEngine,
  type AdamWState,
  type ParameterTree,
  type Random,
  type RandomState,
} from '../src/index.js'
import { latestCheckpoint, saveCheckpoint } from '../src/node.js'
import { expectNoLeak } from '../src/testing.js'
import { describeOn, everyEngine } from '../src/testing/kernel-pairs.js'

type Weight = { weight: tf.Tensor }
type Model = { embeddings: Weight; layers: { norm: Weight; gate: Weight; up: Weight; down: Weight }[] }
type Run = { parameters: Model; optimizer: AdamWState; random: Random }

const [vocabSize, hiddenSize, innerSize, length] = [11, 16, 24, 12]
const shapes = new Map<string, number[]>([
  ['embeddings.weight', [vocabSize, hiddenSize]],
  ...[0, 1].flatMap((layer): [string, number[]][] => [
    [`layers.${layer}.norm.weight`, [hiddenSize]],
    [`layers.${layer}.gate.weight`, [innerSize, hiddenSize]],
    [`layers.${layer}.up.weight`, [innerSize, hiddenSize]],
    [`layers.${layer}.down.weight`, [hiddenSize, innerSize]],
  ]),
])
const optimizer = adamW({ weightDecay: 0.01 })
const schedule = cosineSchedule({ peak: 0.02, warmupSteps: 10, totalSteps: 200, minimumRatio: 0.1 })

function start(): Run {
  const random = createRandom(7)
  const entries = [...shapes].map(([name, shape]) => {
    const size = shape.reduce((product, axis) => product * axis, 1)
    const data = Float32Array.from({ length: size }, () => (shape.length === 1 ? 1 : 0.3 * random.normal()))
    return [name, { dtype: 'F32' as const, shape, data }] as const
  })
  const parameters = parametersFromSafetensors<Model>({ metadata: {}, tensors: new Map(entries) }, shapes)
  return { parameters, optimizer: optimizer.init(parameters), random }
}

/** Each token follows from the one before: next = 3 · token + 1. */
function sequence(random: Random): Int32Array {
  const ids = Int32Array.of(random.integer(vocabSize), ...new Array<number>(length - 1).fill(0))
  for (let i = 1; i < length; i++) ids[i] = (3 * ids[i - 1] + 1) % vocabSize
  return ids
}

function loss({ embeddings, layers }: Model, ids: Int32Array): tf.Scalar {
  let x = embedding(tf.tensor1d(ids, 'int32'), embeddings.weight as tf.Tensor2D)
  for (const { norm, gate, up, down } of layers) {
    const normed = rmsNorm(x, norm.weight as tf.Tensor1D)
    const project = (weight: Weight) => linear(normed, weight.weight as tf.Tensor2D)
    x = tf.add(x, linear(swiGlu(project(gate), project(up)), down.weight as tf.Tensor2D))
  }
  const logits = linear(x, embeddings.weight as tf.Tensor2D) // tied
  return crossEntropy(logits as tf.Tensor2D, tf.tensor1d(nextTokenLabels(ids, 1, length), 'int32'))
}

async function step(run: Run): Promise<{ run: Run; loss: number }> {
  const batches = [sequence(run.random), sequence(run.random)]
  const accumulated = accumulateGradients(loss, run.parameters, batches, () => length - 1)
  const [meanLoss] = await accumulated.loss.data()
  accumulated.loss.dispose()
  const { gradients } = await clipByGlobalNorm(accumulated.gradients, 1)
  const rate = schedule(run.optimizer.step)
  const { parameters, state } = optimizer.update(gradients, run.optimizer, run.parameters, rate)
  disposeParameters(gradients)
  return { run: { parameters, optimizer: state, random: run.random }, loss: meanLoss }
}

async function steps(run: Run, count: number): Promise<{ run: Run; losses: number[] }> {
  const losses: number[] = []
  for (let i = 0; i < count; i++) {
    const result = await step(run)
    run = result.run
    losses.push(result.loss)
  }
  return { run, losses }
}

async function save(folder: string, { parameters, optimizer, random }: Run): Promise<void> {
  const { firstMoments, secondMoments } = optimizer
  await saveCheckpoint(join(folder, `step-${optimizer.step}`), {
    'model.safetensors': await parametersToSafetensors(parameters),
    'optimizer.safetensors': await parametersToSafetensors({ firstMoments, secondMoments }),
    'state.json': JSON.stringify({ step: optimizer.step, random: random.state() }),
  })
}

async function load(folder: string): Promise<Run> {
  const path = (await latestCheckpoint(folder)) as string
  const file = async (name: string) => readSafetensors(await readFile(join(path, name)))
  const moments = [...shapes].flatMap(([name, shape]) =>
    ['firstMoments', 'secondMoments'].map((moment): [string, number[]] => [`${moment}.${name}`, shape]),
  )
  const state = JSON.parse(await readFile(join(path, 'state.json'), 'utf8')) as { step: number; random: RandomState }
  type Moments = { firstMoments: ParameterTree; secondMoments: ParameterTree }
  const loaded = parametersFromSafetensors<Moments>(await file('optimizer.safetensors'), new Map(moments))
  return {
    parameters: parametersFromSafetensors<Model>(await file('model.safetensors'), shapes),
    optimizer: { step: state.step, ...loaded },
    random: createRandom(state.random),
  }
}

function numbers(run: Run): Promise<number[][]> {
  const { firstMoments, secondMoments } = run.optimizer
  const tensors = [run.parameters, firstMoments, secondMoments].flatMap((tree) => [...flattenParameters(tree).values()])
  return Promise.all(tensors.map(async (tensor) => [...(await tensor.data())]))
}

function dispose({ parameters, optimizer }: Run): void {
  for (const tree of [parameters, optimizer.firstMoments, optimizer.secondMoments]) disposeParameters(tree)
}

for (const on of everyEngine)
  describeOn('training', on, ({ backend }) => {
    // a software GPU takes half a second a step
    const [count, limit] = backend === 'webgpu' ? [20, 2] : [200, 0.05]

    it(`learns the rule in ${count} steps and leaks no tensor and no byte`, async () => {
      await useEngine({ backend })
      const first = await steps(start(), 1)
      const { losses, run } = await expectNoLeak(() => steps(first.run, count - 1))
      expect(first.losses[0]).toBeGreaterThan(2.2)
      expect(losses.at(-1)).toBeLessThan(limit)
      dispose(run)
    })

    const part = backend === 'webgpu' ? 3 : 15

    it('goes on from a checkpoint to the very same numbers', async () => {
      await useEngine({ backend })
      const folder = await mkdtemp(join(tmpdir(), 'training-'))
      onTestFinished(() => rm(folder, { recursive: true }))
      const halfway = await steps(start(), part)
      await save(folder, halfway.run)
      const straight = await steps(halfway.run, part)
      const resumed = await steps(await load(folder), part)
      expect(resumed.losses).toEqual(straight.losses)
      expect(await numbers(resumed.run)).toEqual(await numbers(straight.run))
    })
  })
