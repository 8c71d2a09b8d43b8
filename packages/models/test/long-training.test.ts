import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { adamW, constantSchedule, createRandom, nextTokenLabels, tf, useEngine } from '@swat-js/tensor-core'
import { describe, expect, it } from 'vitest'
import { initializeParameters, resolveConfig, startTrainingStep, type TrainingState } from '../src/index.js'

const config = resolveConfig({ vocabSize: 13, hiddenSize: 8, layers: 1, heads: 2, window: 3 })
const settings = { optimizer: adamW(), schedule: constantSchedule(3e-3), clip: 1 }

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const batch = (random: { integer(below: number): number }) => {
  const start = random.integer(13)
  const inputs = Int32Array.from({ length: 8 }, (_, i) => (start + i) % 13)
  return { inputs, labels: nextTokenLabels(inputs, 1, 8), batchSize: 1, length: 8 }
}

describe.each(['wasm', 'webgpu'] as const)('1,000 training steps on %s', (backend) => {
  it('learn, and take no more tensors, bytes or process memory than 300', { timeout: 900_000 }, async () => {
    await useEngine({ backend })
    const random = createRandom(1)
    const parameters = initializeParameters(config, random)
    let state: TrainingState = { step: 0, parameters, optimizer: settings.optimizer.init(parameters) }
    const losses: number[] = []
    const memory: { tensors: number; bytes: number; gpuBytes: number; used: number; rss: number }[] = []
    const look = () => {
      const { numTensors, numBytes, numBytesInGPU = 0 } = tf.memory() as tf.MemoryInfo & { numBytesInGPU?: number }
      collectGarbage()
      const { rss, heapUsed, external } = process.memoryUsage()
      memory.push({ tensors: numTensors, bytes: numBytes, gpuBytes: numBytesInGPU, used: heapUsed + external, rss })
    }
    let before: Promise<{ loss: number }> | null = null
    for (let step = 0; step < 1000; step++) {
      if (step === 300) look()
      const { state: next, measured } = startTrainingStep(state, config, [batch(random)], settings)
      state = next
      if (before) losses.push((await before).loss)
      before = measured
    }
    look()
    await before
    const [at300, at1000] = memory
    expect({ ...at1000, used: 0, rss: 0 }).toEqual({ ...at300, used: 0, rss: 0 })
    expect(at1000.used - at300.used).toBeLessThan(2 ** 20)
    expect(at1000.rss - at300.rss).toBeLessThan(64 * 2 ** 20) // code that is still being compiled, and its caches
    expect(losses[0]).toBeGreaterThan(2)
    expect(losses[998]).toBeLessThan(0.5)
  })
})
