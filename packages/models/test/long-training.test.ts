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

interface Memory {
  tensors: number
  bytes: number
  gpuBytes: number
  used: number
  rss: number
}

/** The least of each; tensors and their bytes are the same whenever they are looked at. */
function least(looks: readonly Memory[]): Memory {
  const [{ tensors, bytes, gpuBytes }] = looks as [Memory]
  for (const look of looks) expect(look).toMatchObject({ tensors, bytes, gpuBytes })
  const leastOf = (key: 'used' | 'rss') => Math.min(...looks.map((look) => look[key]))
  return { tensors, bytes, gpuBytes, used: leastOf('used'), rss: leastOf('rss') }
}

const fiveFrom = (step: number) => Array.from({ length: 5 }, (_, index) => step + 40 * index)

// a process takes more until its engine has compiled what is called often and its nursery has grown
describe.each([
  { backend: 'wasm', settled: 1500, last: 2500 },
  { backend: 'webgpu', settled: 300, last: 1000 },
] as const)('$last training steps on $backend', ({ backend, settled, last }) => {
  it(
    'learn, and take no more tensors, bytes or process memory than the first of them',
    { timeout: 900_000 },
    async () => {
      await useEngine({ backend })
      const random = createRandom(1)
      const parameters = initializeParameters(config, random)
      let state: TrainingState = { step: 0, parameters, optimizer: settings.optimizer.init(parameters) }
      const losses: number[] = []
      // five looks each: what a process holds goes up and down by tens of MB
      const looks = { early: fiveFrom(settled), late: fiveFrom(last - 160) }
      const memory: Record<keyof typeof looks, Memory[]> = { early: [], late: [] }
      const look = (): Memory => {
        const { numTensors, numBytes, numBytesInGPU = 0 } = tf.memory() as tf.MemoryInfo & { numBytesInGPU?: number }
        collectGarbage()
        const { rss, heapUsed, external } = process.memoryUsage()
        return { tensors: numTensors, bytes: numBytes, gpuBytes: numBytesInGPU, used: heapUsed + external, rss }
      }
      let before: Promise<{ loss: number }> | null = null
      for (let step = 0; step <= last; step++) {
        for (const when of ['early', 'late'] as const) {
          if (!looks[when].includes(step)) continue
          await before // what it measures is a tensor until it is read
          memory[when].push(look())
        }
        const { state: next, measured } = startTrainingStep(state, config, [batch(random)], settings)
        state = next
        if (before) losses.push((await before).loss)
        before = measured
      }
      await before
      expect([memory.early.length, memory.late.length]).toEqual([5, 5])
      const [early, late] = [least(memory.early), least(memory.late)]
      expect({ ...late, used: 0, rss: 0 }).toEqual({ ...early, used: 0, rss: 0 })
      expect(late.used - early.used).toBeLessThan(2 ** 20)
      expect(late.rss - early.rss).toBeLessThan(64 * 2 ** 20) // code that is still being compiled, and its caches
      expect(losses[0]).toBeGreaterThan(2)
      expect(losses[last - 1]).toBeLessThan(0.5)
    },
  )
})
