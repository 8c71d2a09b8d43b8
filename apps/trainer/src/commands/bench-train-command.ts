import { Command, Option } from 'commander'
import { presetConfig, presetNames, trainingMemory, type PresetName } from '@swat-js/models'
import type { BackendName, MatMulShape, Precision } from '@swat-js/tensor-core'
import { matMulChoicesFile, tuneMatMulOnce } from '@swat-js/tensor-core/node'
import { backendOption } from './backend-option.js'
import { expectMemory } from './expect-memory.js'
import { numberOption } from './number-option.js'
import { precisionOption } from './precision-option.js'
import { runBenchmark } from './run-benchmark.js'
import { threadsOption } from './threads-option.js'
import { tuningFileOption } from './tuning-file-option.js'

interface BenchTrainOptions {
  preset: PresetName
  backend: BackendName | 'auto'
  threads?: number
  precision: Precision
  length: number
  batch: number
  window?: number
  vocabSize?: number
  steps: number
  warmUp: number
  checkpointActivations?: true
  stock?: true
  tune?: true
  tuningFile?: string
  json?: string
}

/** The command `swat bench train`. */
export function benchTrainCommand(): Command {
  const count = numberOption({ whole: true, least: 1 })
  return new Command('train')
    .description('Speed and memory of training a fresh model on random tokens, and where the time goes.')
    .addOption(new Option('--preset <name>', 'the model').choices(presetNames).default('nano'))
    .addOption(backendOption())
    .addOption(threadsOption())
    .addOption(precisionOption())
    .option('--length <count>', 'tokens of a sequence', count, 256)
    .option('--batch <count>', 'sequences of a step', count, 2)
    .option('--window <count>', "number of keys a query sees, itself included (default: the preset's)", count)
    .option('--vocab-size <count>', "tokens in the vocabulary (default: the preset's)", count)
    .option('--steps <count>', 'timed steps', count, 10)
    .option('--warm-up <count>', 'untimed steps before', count, 3)
    .option('--checkpoint-activations', 'less memory: compute activations again in the backward pass')
    .option('--stock', "also time the same model in TensorFlow.js's own ops")
    .option('--tune', 'on webgpu: measure the tilings of the matrix products first, and use the fastest')
    .addOption(tuningFileOption())
    .option('--json <file>', 'write machine, versions, options and rows as JSON')
    .option('--verbose', 'show where an error comes from')
    .addHelpText('after', examples)
    .action(async (options: BenchTrainOptions) => {
      const { preset, precision, length, batch, window, vocabSize, steps, warmUp } = options
      const checkpointActivations = options.checkpointActivations === true
      const config = presetConfig(preset, {
        ...(window === undefined ? {} : { window }),
        ...(vocabSize === undefined ? {} : { vocabSize }),
      })
      const sizes = { batchSize: batch, length, checkpointActivations }
      await runBenchmark(options, async (report) => {
        await expectMemory(trainingMemory(config, sizes).peak, 'a smaller --batch, or --checkpoint-activations')
        const { formatTraining, measureTraining } = await import('@swat-js/benchmarks')
        const settings = { ...sizes, precision, steps, warmUp, stock: options.stock === true }
        const tune = (products: MatMulShape[]) => tuneMatMulOnce(products, options.tuningFile ?? matMulChoicesFile())
        const benchmark = await measureTraining({
          ...{ config, name: preset, ...settings, report },
          ...(options.tune && { tune }),
        })
        return { benchmark, text: formatTraining(benchmark) }
      })
    })
}

const examples = `
Examples:
  swat bench train --preset tiny --backend wasm --length 128 --batch 8 --stock
  swat bench train --preset swat-340m --backend webgpu --precision mixed --length 4096 --batch 2 --window 128 --tune
  swat bench train --preset swat-340m --backend webgpu --length 4096 --batch 2 --checkpoint-activations --json gpu.json`
