import { Command } from 'commander'
import { parameterCount, trainingMemory, type SwatConfig } from '@swat-js/models'
import { readTokenizer } from '@swat-js/data/node'
import { hasMemory, SwatError, useEngine } from '@swat-js/tensor-core'
import { readRunConfig } from '../config/read-run-config.js'
import { resolveModel } from '../config/resolve-model.js'
import type { RunConfig } from '../config/run-config.js'
import { duration, wholeNumber } from '../progress/describe-event.js'
import { withTokenizerOfShards } from '../text/sharded-data.js'
import { chooseMicroBatch, reserve } from '../training/choose-micro-batch.js'
import { collect } from './collect.js'

interface PlanOptions {
  set: string[]
  json?: boolean
}

/** What a run will take. */
interface Plan {
  parameters: number
  tokens: number
  microBatchSize: number | null // null: not even one sequence fits
  memory: { microBatchSize: number; checkpointActivations: boolean; bytes: number; fits: boolean }[]
  operations: number
  productTflops: number
  seconds: number
}

/** Share of the rate of a large matrix product that a training step reaches; `swat bench train` measures it. */
const utilisation = 0.5

/** The command `swat plan`. */
export function planCommand(): Command {
  return new Command('plan')
    .description('Says what a run will take, before it starts: memory by micro-batch, and time on the engine here.')
    .argument('<config>', 'a YAML or JSON file')
    .option('--set <key=value>', 'set a value of the configuration (YAML); may be repeated', collect, [])
    .option('--json', 'print JSON')
    .option('--verbose', 'show where an error comes from')
    .addHelpText('after', examples)
    .action(async (path: string, { set, json }: PlanOptions) => {
      const config = await readRunConfig(path, { set })
      const engine = await useEngine(config.engine)
      const model = resolveModel(config.model, await vocabSizeOf(withTokenizerOfShards(config).tokenizer))
      const plan = await makePlan(config, model)
      const text = json
        ? JSON.stringify({ backend: engine.backend, device: engine.device, ...plan }, null, 2)
        : describePlan(plan, config, model, `${engine.backend} (${engine.device})`)
      process.stdout.write(`${text}\n`)
    })
}

async function vocabSizeOf({ type, vocabSize, file }: RunConfig['tokenizer']): Promise<number> {
  if (file === undefined) return type === 'byte' ? 256 : (vocabSize as number)
  const tokenizer = await readTokenizer(file).catch((error: unknown) => {
    throw new SwatError('config', `tokenizer.file: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  })
  return tokenizer.vocabSize
}

async function makePlan({ training, engine }: RunConfig, model: SwatConfig): Promise<Plan> {
  const { batchSize, accumulation, length, steps } = training
  const { probeProduct, trainingCost } = await import('@swat-js/benchmarks')
  const memory: Plan['memory'] = []
  for (const microBatchSize of divisors(batchSize)) {
    for (const checkpointActivations of [false, true]) {
      const bytes = trainingMemory(model, { batchSize: microBatchSize, length, checkpointActivations }).peak
      memory.push({ microBatchSize, checkpointActivations, bytes, fits: await hasMemory(reserve * bytes) })
    }
  }
  const tokens = steps * batchSize * accumulation * length
  const again = training.checkpointActivations ? 4 / 3 : 1
  const operations = (tokens / length) * trainingCost(model, length).totalOperations
  const { tflops } = await probeProduct(engine.precision)
  return {
    parameters: parameterCount(model).total,
    tokens,
    microBatchSize: await chooseMicroBatch(model, training).catch(nullWithoutMemory),
    memory,
    operations,
    productTflops: tflops,
    seconds: (again * operations) / (utilisation * tflops * 1e12),
  }
}

function nullWithoutMemory(error: unknown): null {
  if (error instanceof SwatError && error.code === 'memory') return null
  throw error
}

/** From the whole batch down, at most six of them. */
function divisors(batchSize: number): number[] {
  const all = Array.from({ length: batchSize }, (_, i) => batchSize - i).filter((size) => batchSize % size === 0)
  return all.length <= 6 ? all : [...all.slice(0, 1), ...all.slice(-5)]
}

function describePlan(plan: Plan, { training }: RunConfig, model: SwatConfig, engine: string): string {
  const { length, steps, batchSize, accumulation } = training
  const perSecond = plan.tokens / plan.seconds
  const lines = [
    `Model   ${wholeNumber(plan.parameters)} parameters: ${model.layers} layers, width ${model.hiddenSize}, ` +
      `${wholeNumber(model.vocabSize)} tokens in the vocabulary`,
    `Engine  ${engine}`,
    `Steps   ${wholeNumber(steps)} of ${wholeNumber(batchSize * accumulation * length)} tokens: ` +
      `${wholeNumber(plan.tokens)} tokens, ${plan.operations.toExponential(2)} operations`,
    `Time    about ${duration(plan.seconds)}, ${wholeNumber(Math.round(perSecond))} tokens/s, at ` +
      `${Math.round(100 * utilisation)} % of the ${plan.productTflops.toPrecision(3)} TFLOP/s of a matrix product here`,
    `Memory  by sequences at a time, with and without training.checkpointActivations:`,
  ]
  const sizes = [...new Set(plan.memory.map(({ microBatchSize }) => microBatchSize))]
  const cell = (size: number, again: boolean) => {
    const entry = plan.memory.find((m) => m.microBatchSize === size && m.checkpointActivations === again)
    return entry ? `${(entry.bytes / 1e9).toFixed(2)} GB${entry.fits ? '' : ' (does not fit)'}` : ''
  }
  const rows = sizes.map(
    (size) => `        ${String(size).padStart(4)}  ${cell(size, false)}, ${cell(size, true)} with`,
  )
  const chosen = plan.microBatchSize
  const outcome = chosen === null ? 'this run does not fit' : `this run computes ${chosen} at a time`
  return [...lines, ...rows, `        ${outcome}`].join('\n')
}

const examples = `
Examples:
  swat plan recipes/moby-dick.yaml
  swat plan recipes/swat-340m.yaml --set 'tokenizer={type: bpe, vocabSize: 32000}' --set training.batchSize=8`
