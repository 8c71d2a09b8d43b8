import { execFile } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { promisify } from 'node:util'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { crossEntropy } from '../../../cross-entropy/cross-entropy.js'
import { linear } from '../../../linear/linear.js'
import { matMul } from '../../../matmul/mat-mul.js'
import { rmsNorm } from '../../../rms-norm/rms-norm.js'
import { swiGlu } from '../../../swi-glu/swi-glu.js'
import { type OpCase, outputAndGradients, randomTensor } from '../../../testing/output-and-gradients.js'
import { tf } from '../../../tf.js'
import { useEngine } from '../../use-engine.js'
import { heapIsShared, heapMemory, heapPointer, heapView, uninitializedTensor, withHeapBytes } from '../heap.js'
import { HeapModule } from '../heap-module.js'
import { poolOf } from './pool-of.js'

// (module (import "env" "memory" (memory 0 65536)) (func (export "negate") (param i32)
//   local.get 0 (f32.neg (f32.load (local.get 0))) f32.store))
const negateBytes = [
  [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  [1, 5, 1, 0x60, 1, 0x7f, 0],
  [2, 18, 1, 3, 0x65, 0x6e, 0x76, 6, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 2, 1, 0, 0x80, 0x80, 4],
  [3, 2, 1, 0],
  [7, 10, 1, 6, 0x6e, 0x65, 0x67, 0x61, 0x74, 0x65, 0, 0],
  [10, 15, 1, 13, 0, 0x20, 0, 0x20, 0, 0x2a, 2, 0, 0x8c, 0x38, 2, 0, 0x0b],
].flat()
const module = new HeapModule<{ negate(pointer: number): void }>(btoa(String.fromCharCode(...negateBytes)))

/** Changes the sign of one number a part. */
const negate = (pointers: number[]) =>
  module.run('negate', { items: pointers.length, grain: 1, argumentsFor: (first) => [pointers[first]] })

const threads = (count: number) => useEngine({ backend: 'wasm', threads: count })

beforeAll(() => threads(2))
beforeEach(() => threads(2))

describe('threads', () => {
  it('are counted in the description, and stay until others are asked for', async () => {
    expect((await threads(3)).device).toBe('WebAssembly SIMD, 3 threads')
    expect((await useEngine({ backend: 'wasm' })).device).toBe('WebAssembly SIMD, 3 threads')
    expect((await threads(1)).device).toBe('WebAssembly SIMD, 1 thread')
    expect(heapIsShared()).toBe(true)
    expect(poolOf(tf.backend())).toBe(null)
  })

  it('do many small jobs, each part once', () => {
    const tensor = tf.ones([8])
    const pointers = Array.from({ length: 8 }, (_, i) => heapPointer(tensor) + 4 * i)
    for (let job = 0; job < 2001; job++) negate(pointers)
    expect([...tensor.dataSync()]).toEqual(Array(8).fill(-1))
  })

  it('see memory that has grown since they started', () => {
    const size = heapMemory().buffer.byteLength / 4
    const far = uninitializedTensor([size])
    heapView(far).fill(1)
    negate(Array.from({ length: 8 }, (_, i) => heapPointer(far) + 4 * (size - 8 + i)))
    expect([...heapView(far).slice(-9)]).toEqual([1, ...Array<number>(8).fill(-1)])
    far.dispose()
  })

  it('give ordinary numbers, not views of shared memory', async () => {
    const tensor = tf.ones([3])
    expect(tensor.dataSync().buffer).toBeInstanceOf(ArrayBuffer)
    expect((await tensor.data()).buffer).toBeInstanceOf(ArrayBuffer)
  })

  it('say what failed in one of them, and go on with the next job', () => {
    const outside = Array<number>(8).fill(-16)
    const failure = { code: 'thread-failed', message: expect.stringMatching(/^negate: .*out of bounds.*threads: 1/) }
    for (let job = 0; job < 20; job++) expect(() => negate(outside)).toThrow(expect.objectContaining(failure))
    const tensor = tf.ones([8])
    negate(Array.from({ length: 8 }, (_, i) => heapPointer(tensor) + 4 * i))
    expect([...tensor.dataSync()]).toEqual(Array(8).fill(-1))
  })

  it('end with their backend, and start again with the next', async () => {
    tf.engine().reset()
    expect((await threads(2)).device).toBe('WebAssembly SIMD, 2 threads')
    negate([heapPointer(tf.ones([2]))])
    withHeapBytes(64, (pointer) => expect(pointer % 16).toBe(0))
  })

  it.each([0, -1, 1.5, NaN, 65])('refuse %d', async (count) => {
    await expect(threads(count)).rejects.toMatchObject({
      code: 'engine-unavailable',
      message: `useEngine: expected threads to be a whole number from 1 to 64, but it is ${count}. Leave it out for as many as the machine runs at once.`,
    })
  })

  it('are refused for an engine that has none', async () => {
    await expect(useEngine({ backend: 'cpu', threads: 2 })).rejects.toMatchObject({
      code: 'engine-unavailable',
      message: "useEngine: threads are for the wasm engine, but backend is 'cpu'. Leave threads out, or take 'wasm'.",
    })
  })
})

describe('a program', () => {
  const run = (code: string) =>
    promisify(execFile)(
      process.execPath,
      ['--conditions=@swat-js/source', '--import', 'tsx', '--input-type=module', '--eval', code],
      { cwd: new URL('../../../..', import.meta.url), timeout: 120_000 },
    )
  const imports = "import { matMul, tf, useEngine } from '@swat-js/tensor-core'\n"

  it('takes as many threads as the machine runs at once, and ends by itself', async () => {
    const { stdout } = await run(`${imports}
      const { device } = await useEngine({ backend: 'wasm' })
      const a = tf.ones([256, 256])
      console.log(device, matMul(a, a).dataSync()[0])`)
    const count = Math.min(16, availableParallelism())
    expect(stdout.trim()).toBe(`WebAssembly SIMD, ${count} thread${count === 1 ? '' : 's'} 256`)
  })

  it('that started with one thread is told why it gets no more', async () => {
    const { stdout } = await run(`${imports}
      await useEngine({ backend: 'wasm', threads: 1 })
      await useEngine({ backend: 'wasm', threads: 2 }).catch(({ code, message }) => console.log(code, message))`)
    expect(stdout).toContain('engine-unavailable useEngine: 2 threads were asked for, but the wasm engine runs already')
  })
})

describe('two threads give the same bits as one', () => {
  /** Larger than the cases: every kernel shares these out. */
  const products = [
    [[130, 300], [300, 70], false, false],
    [[301, 130], [301, 203], true, false],
    [[600, 65], [131, 65], false, true],
    [[5, 700], [700, 900], false, false],
    [[1, 700], [2051, 700], false, true],
    [[3001, 700], [700, 1], false, false],
    [[6, 65, 40], [6, 40, 90], false, false],
  ] as const

  it.each(products)('matMul %j %j %s %s', async (left, right, transposeA, transposeB) => {
    const [a, b] = [randomTensor(left, 1), randomTensor(right, 2)].map(({ shape, data }) =>
      tf.tensor([...data], [...shape]),
    )
    const results: unknown[] = []
    for (const count of [1, 2, 3]) {
      await threads(count)
      results.push(matMul(a, b, { transposeA, transposeB }).dataSync())
    }
    expect(results[1]).toEqual(results[0])
    expect(results[2]).toEqual(results[0])
  })

  const labels = Array.from({ length: 700 }, (_, i) => (i % 7 === 0 ? -100 : i % 301))
  const cases: OpCase[] = [
    {
      name: 'linear',
      inputs: { x: randomTensor([259, 200], 1), weight: randomTensor([333, 200], 2) },
      run: ({ x, weight }, kernels) => linear(x, weight as tf.Tensor2D, { kernels }),
    },
    {
      name: 'rmsNorm',
      inputs: { x: randomTensor([1003, 129], 1), weight: randomTensor([129], 2) },
      run: ({ x, weight }, kernels) => rmsNorm(x, weight as tf.Tensor1D, { kernels }),
    },
    {
      name: 'swiGlu',
      inputs: { gate: randomTensor([333, 301], 1), up: randomTensor([333, 301], 2) },
      run: ({ gate, up }, kernels) => swiGlu(gate, up, { kernels }),
    },
    {
      name: 'crossEntropy',
      inputs: { logits: randomTensor([700, 301], 1) },
      run: ({ logits }, kernels) => crossEntropy(logits as tf.Tensor2D, tf.tensor1d(labels, 'int32'), { kernels }),
    },
  ]

  it.each(cases)('$name', async (each) => {
    const results: unknown[] = []
    for (const count of [1, 2, 3]) {
      await threads(count)
      results.push(await outputAndGradients(each, { backend: 'wasm', use: 'wasm' }))
    }
    expect(results[1]).toEqual(results[0])
    expect(results[2]).toEqual(results[0])
  })
})
