import { beforeEach, expect, it, vi } from 'vitest'
import { describeOn } from '../../testing/kernel-pairs.js'
import { expectNoLeak } from '../../testing/expect-no-leak.js'
import { tf } from '../../tf.js'
import { useEngine } from '../use-engine.js'
import { gpuBackend } from './active-backend.js'
import { gpuInfo } from './gpu-info.js'
import { gpuReady } from './gpu-ready.js'
import { runShader, type ShaderRun } from './run-shader.js'
import { timeShaders } from './time-shaders.js'
import { uninitializedGpuTensor } from './uninitialized-gpu-tensor.js'

const scaleSource = `
struct Uniforms { factor: f32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> uniforms: Uniforms;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < arrayLength(&y)) { y[id.x] = x[id.x] * uniforms.factor; }
}`

function scale(x: tf.Tensor, factor: number, change: Partial<ShaderRun> = {}): tf.Tensor {
  const y = uninitializedGpuTensor(x.shape)
  const workgroups = [Math.ceil(x.size / 64), 1, 1] as const
  const uniforms = new Float32Array([factor])
  runShader({ label: 'scale', source: scaleSource, inputs: [x], outputs: [y], uniforms, workgroups, ...change })
  return y
}

const vector = () => tf.tensor1d([1, 2, 3])
const values = async (tensor: tf.Tensor) => [...(await tensor.data())]

describeOn('runShader', { backend: 'webgpu' }, () => {
  beforeEach(async () => {
    await useEngine({ backend: 'webgpu' }) // a new device after a test that broke it
  })

  it('runs in order with the ops of TensorFlow.js, before and after', async () => {
    await expectNoLeak(async () => {
      const result = tf.tidy(() => tf.add(scale(tf.square(vector()), 10), 1))
      expect(await values(result)).toEqual([11, 41, 91])
      result.dispose()
    })
  })

  it('gives each of many dispatches its own uniforms, across submissions', async () => {
    const results = Array.from({ length: 100 }, (_, i) => scale(vector(), i))
    for (const [i, result] of results.entries()) expect(await values(result)).toEqual([i, 2 * i, 3 * i])
  })

  it('never mixes up tensors whose memory is used again at once (the set that holds it back stays empty)', async () => {
    const kept: tf.Tensor[] = []
    let running = vector()
    for (let i = 0; i < 60; i++) {
      const next = scale(running, 1.5) as tf.Tensor1D
      running.dispose()
      running = tf.add(next, 1)
      next.dispose()
      if (i % 20 === 0) kept.push(tf.mul(running, 1))
    }
    const expected = [1, 2, 3]
    const snapshots: number[][] = []
    for (let i = 0; i < 60; i++) {
      for (const [j, value] of expected.entries()) expected[j] = Math.fround(Math.fround(value * 1.5) + 1)
      if (i % 20 === 0) snapshots.push([...expected])
    }
    expect(await values(running)).toEqual(expected)
    for (const [i, tensor] of kept.entries()) expect(await values(tensor)).toEqual(snapshots[i])
  })

  it('writes several outputs, and changes a tensor in place though it was read before', async () => {
    const source = `
      @group(0) @binding(0) var<storage, read> unused: array<f32>;
      @group(0) @binding(1) var<storage, read_write> a: array<f32>;
      @group(0) @binding(2) var<storage, read_write> b: array<i32>;
      @compute @workgroup_size(3)
      fn main(@builtin(local_invocation_index) i: u32) { a[i] += 1; b[i] = i32(i); }`
    const [a, b] = [vector(), uninitializedGpuTensor([3], 'int32')]
    expect(await values(a)).toEqual([1, 2, 3])
    const run = { label: 'two', source, inputs: [vector()], outputs: [a, b], workgroups: [1, 1, 1] as const }
    runShader(run)
    runShader(run)
    expect(await values(a)).toEqual([3, 4, 5])
    expect(await values(b)).toEqual([0, 1, 2])
  })

  it('takes uniforms that are a view of a larger buffer', async () => {
    const bytes = new Float32Array([9, 5, 9])
    const y = scale(vector(), 0, { uniforms: bytes.subarray(1, 2) })
    expect(await values(y)).toEqual([5, 10, 15])
  })

  it.each(['int32', 'bool'] as const)(
    'reads what was cast from %s to float32, which TensorFlow.js only renames',
    async (dtype) => {
      const expected = [0, 10, 0, 10]
      await expectNoLeak(async () => {
        const result = tf.tidy(() => scale(tf.cast(tf.tensor1d([0, 1, 0, 1], dtype), 'float32'), 10))
        expect(await values(result)).toEqual(expected)
        result.dispose()
      })
      const computed = tf.cast(tf.cast(tf.square(tf.tensor1d([0, 1, 0, 1])), dtype), 'float32')
      const before = gpuBackend('test').numDataIds()
      const result = scale(computed, 10)
      expect(gpuBackend('test').numDataIds()).toBe(before + 1)
      expect(await values(result)).toEqual(expected)
    },
  )

  it('measures each dispatch, ours and those of TensorFlow.js', async () => {
    const x = vector()
    let result = x as tf.Tensor
    const times = await timeShaders(() => {
      result = tf.add(scale(x, 2), scale(x, 3))
    })
    expect(await values(result)).toEqual([5, 10, 15])
    expect(times.milliseconds).toBeGreaterThan(0)
    if (!gpuInfo().features.has('timestamp-query')) {
      expect(times).toMatchObject({ clock: 'wall', shaders: [{ label: 'everything' }] })
      return
    }
    expect(times.clock).toBe('gpu')
    expect(times.shaders.map(({ label }) => label)).toEqual(['scale', 'scale', 'BinaryOpProgram'])
    const sum = times.shaders.reduce((total, { milliseconds }) => total + milliseconds, 0)
    expect(times.milliseconds).toBeCloseTo(sum)
  })

  it('measures more dispatches than a query set holds', async () => {
    const x = vector()
    const times = await timeShaders(() => tf.tidy(() => void Array.from({ length: 2100 }, (_, i) => scale(x, i))))
    expect(times.shaders.length).toBe(times.clock === 'gpu' ? 2100 : 1)
    for (const { milliseconds } of times.shaders) expect(milliseconds).toBeGreaterThanOrEqual(0)
  })

  it('submits more dispatches at a time once the device turns out to be quick', async () => {
    const submissions = vi.spyOn(gpuBackend('test').queue, 'submit')
    const count = async () => {
      submissions.mockClear()
      const last = tf.tidy(() => Array.from({ length: 1200 }, (_, i) => scale(vector(), i))[1199])
      expect(await values(last)).toEqual([1199, 2398, 3597])
      return submissions.mock.calls.length
    }
    for (let i = 0; i < 3; i++) await count()
    expect(await count()).toBeLessThan(1200 / 30)
    submissions.mockRestore()
  })

  it('keeps the shader for each source, counts of tensors told apart', async () => {
    const source = `
      @group(0) @binding(0) var<storage, read_write> y: array<f32>;
      @compute @workgroup_size(1) fn main() { y[0] = 7; }`
    const y = () => uninitializedGpuTensor([1])
    const [first, second, third] = [y(), y(), y()]
    runShader({ label: 'seven', source, inputs: [], outputs: [first], workgroups: [1, 1, 1] })
    runShader({ label: 'seven', source, inputs: [], outputs: [second, third], workgroups: [1, 1, 1] })
    expect([...(await values(first)), ...(await values(second))]).toEqual([7, 7])
  })

  it('knows the device', () => {
    const { limits, subgroupSize, features, subgroupMatrixConfigs } = gpuInfo()
    expect(limits.maxComputeInvocationsPerWorkgroup).toBeGreaterThanOrEqual(256)
    expect(subgroupSize.max).toBeGreaterThanOrEqual(subgroupSize.min)
    if (!features.has('chromium-experimental-subgroup-matrix')) expect(subgroupMatrixConfigs).toEqual([])
    for (const { M, N, K } of subgroupMatrixConfigs) expect(Math.min(M, N, K)).toBeGreaterThan(0)
  })
})

describeOn('runShader refuses at once', { backend: 'webgpu' }, () => {
  beforeEach(async () => {
    await useEngine({ backend: 'webgpu' })
  })

  it('workgroups beyond the limit or not whole', () => {
    const most = gpuInfo().limits.maxComputeWorkgroupsPerDimension
    expect(() => scale(vector(), 1, { workgroups: [most + 1, 1, 1] })).toThrow(
      `runShader: shader 'scale' asks for [${most + 1}, 1, 1] workgroups; each must be a whole number from 0 to ${most}.`,
    )
    expect(() => scale(vector(), 1, { workgroups: [0.5, 1, 1] })).toThrow('asks for [0.5, 1, 1] workgroups')
  })

  it('more tensors than a shader may bind', () => {
    const most = gpuInfo().limits.maxStorageBuffersPerShaderStage
    const inputs = Array.from({ length: most }, vector)
    expect(() => scale(vector(), 1, { inputs })).toThrow(`binds ${most + 1} tensors, this device allows ${most}.`)
  })

  it('an output that is an input too, also through a reshape, and the device goes on working', async () => {
    const x = tf.square(vector())
    expect(() => scale(x, 1, { outputs: [tf.reshape(x, [3, 1])] })).toThrow(
      "runShader: shader 'scale' writes binding 1 while binding 0 is the same memory.",
    )
    expect(await values(scale(x, 2))).toEqual([2, 8, 18])
  })

  it('more uniforms than a shader can bind', () => {
    const uniforms = new ArrayBuffer(2 ** 16 + 4)
    expect(() => scale(vector(), 1, { uniforms })).toThrow(
      "shader 'scale' binds 65540 bytes of uniforms, devices allow",
    )
  })

  it('empty tensors, unless there is nothing to do', async () => {
    expect(() => scale(tf.zeros([0]), 1, { workgroups: [1, 1, 1] })).toThrow('binds an empty tensor')
    expect(await values(scale(tf.zeros([0]), 1))).toEqual([])
  })

  it('a tensor that no buffer of the device can hold, and the device goes on working', async () => {
    const { maxBufferSize, maxStorageBufferBindingSize } = gpuInfo().limits
    const most = Math.min(maxBufferSize, maxStorageBufferBindingSize)
    const rows = Math.floor(most / 4096) + 1
    expect(() => uninitializedGpuTensor([rows, 1024])).toThrow(
      expect.objectContaining({
        code: 'gpu',
        message:
          `uninitializedGpuTensor: a tensor [${rows}, 1024] takes ${rows * 4096} bytes, this device allows ${most}. ` +
          'Work on parts of it.',
      }),
    )
    expect(await values(scale(vector(), 2))).toEqual([2, 4, 6])
  })

  it('another engine', async () => {
    await useEngine({ backend: 'cpu' })
    expect(() => uninitializedGpuTensor([1])).toThrow("the webgpu engine must be active, but 'cpu' is.")
  })
})

describeOn('errors of the GPU', { backend: 'webgpu' }, () => {
  beforeEach(async () => {
    await useEngine({ backend: 'webgpu' })
  })

  const failure = async (work: () => unknown) => {
    try {
      await work()
    } catch (error) {
      return error as { code: string; message: string }
    }
    throw new Error('nothing was thrown')
  }

  it('an invalid shader: the label and the words of the compiler, when the result is read', async () => {
    const y = scale(vector(), 1, { label: 'wrong', source: scaleSource.replace('uniforms.factor', 'factor') })
    const { code, message } = await failure(() => y.data())
    expect(code).toBe('gpu')
    expect(message).toMatch(/^webgpu: shader 'wrong' is not valid: line 8:\d+ unresolved value 'factor'/)
  })

  it('an invalid shader: whatever is computed from its result throws too, never zeros', async () => {
    const sum = tf.sum(tf.add(scale(vector(), 1, { source: 'nonsense' }), 1))
    expect(await failure(() => sum.data())).toMatchObject({ code: 'gpu' })
    expect(await failure(() => tf.ones([2]).data())).toMatchObject({ code: 'gpu' })
    expect(await failure(() => scale(vector(), 1))).toMatchObject({ code: 'gpu' })
    expect(await failure(() => gpuReady())).toMatchObject({ code: 'gpu' })
  })

  it('an invalid shader: gpuReady and timeShaders throw as well', async () => {
    scale(vector(), 1, { source: 'nonsense' })
    expect((await failure(() => gpuReady())).message).toContain("shader 'scale' is not valid")
    await useEngine({ backend: 'webgpu' })
    const { message } = await failure(() => timeShaders(() => scale(vector(), 1, { source: 'nonsense' })))
    expect(message).toContain("shader 'scale' is not valid")
  })

  it('bindings that the call does not have', async () => {
    const y = scale(vector(), 1, { uniforms: undefined })
    expect((await failure(() => y.data())).message).toContain("shader 'scale' is not valid")
  })

  it('a workgroup beyond the limits of the device', async () => {
    const y = scale(vector(), 1, { source: scaleSource.replace('workgroup_size(64)', 'workgroup_size(4096)') })
    expect((await failure(() => y.data())).message).toMatch(/shader 'scale' is not valid: .*4096/s)
  })

  it('a buffer that the device cannot have, asked for by an op of TensorFlow.js', async () => {
    const size = Math.floor(gpuInfo().limits.maxBufferSize / 4) + 1024
    const { code, message } = await failure(() => tf.fill([size], 1).data())
    expect(code).toBe('gpu')
    expect(message).toMatch(/^webgpu: the GPU refused a command/)
  })

  it('a lost device', async () => {
    const y = scale(vector(), 2)
    gpuBackend('test').device.destroy()
    const { code, message } = await failure(() => y.data())
    expect(code).toBe('gpu')
    expect(message).toContain('the GPU device was lost (destroyed)')
    expect(await failure(() => tf.square(y).data())).toMatchObject({ code: 'gpu' })
  })

  it('starts afresh with useEngine; tensors of the broken device go on throwing and can be disposed', async () => {
    const old = scale(vector(), 1, { source: 'nonsense' })
    await failure(() => old.data())
    await useEngine({ backend: 'webgpu' })
    expect(await values(scale(vector(), 2))).toEqual([2, 4, 6])
    expect(await failure(() => old.data())).toMatchObject({ code: 'gpu' })
    await expectNoLeak(async () => {
      const next = vector()
      next.dispose()
    })
    old.dispose()
  })

  it('dataSync of what the GPU computed says what to do instead', () => {
    const y = scale(vector(), 2)
    expect(() => y.dataSync()).toThrow('Use `await tensor.data()`.')
  })
})
