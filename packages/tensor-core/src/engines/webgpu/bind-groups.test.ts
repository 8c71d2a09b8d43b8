import { beforeAll, expect, it, vi } from 'vitest'
import { describeOn } from '../../testing/kernel-pairs.js'
import { tf } from '../../tf.js'
import { useEngine } from '../use-engine.js'
import { gpuBackend } from './active-backend.js'
import { BindGroups } from './bind-groups.js'
import { runShader } from './run-shader.js'
import { steadyBuffers } from './steady-buffers.js'
import { UniformSlots } from './uniform-slots.js'
import { uninitializedGpuTensor } from './uninitialized-gpu-tensor.js'
import { elementGrid, mainOfElements, storageBindings } from './wgsl.js'

const layout = () => ({}) as GPUBindGroupLayout
const buffer = () => ({ size: 4, usage: 1 }) as GPUBuffer
const group = () => ({}) as GPUBindGroup

it('BindGroups finds a group by layout, buffers in their order and size of the uniforms', () => {
  const groups = new BindGroups()
  const [layoutA, layoutB, a, b] = [layout(), layout(), buffer(), buffer()]
  const lists: [GPUBindGroupLayout, GPUBuffer[], number][] = [
    [layoutA, [a, b], 0],
    [layoutB, [a, b], 0],
    [layoutA, [b, a], 0],
    [layoutA, [a], 0],
    [layoutA, [a, b], 16],
  ]
  const made = lists.map((list) => groups.get(...list, group))
  expect(new Set(made).size).toBe(lists.length)
  expect(lists.map((list) => groups.get(...list, group))).toEqual(made)
  for (const [i, list] of lists.entries()) expect(groups.get(...list, group)).toBe(made[i])
})

it('BindGroups forgets all when there are too many', () => {
  const groups = new BindGroups(2)
  const [only, a, b, c] = [layout(), buffer(), buffer(), buffer()]
  const first = groups.get(only, [a], 0, group)
  groups.get(only, [b], 0, group)
  expect(groups.get(only, [a], 0, group)).toBe(first)
  groups.get(only, [c], 0, group)
  expect(groups.get(only, [a], 0, group)).not.toBe(first)
})

it('steadyBuffers: the free buffers decide which one is taken, not the order in which they became free', () => {
  const freeBuffers = new Map<string, GPUBuffer[]>([['4_1', []]])
  const free = freeBuffers.get('4_1') as GPUBuffer[]
  const manager = { freeBuffers, releaseBuffer: (buffer: GPUBuffer, reuse = true) => void (reuse && free.push(buffer)) }
  steadyBuffers(manager)
  const buffers = [buffer(), buffer(), buffer(), buffer()]
  for (const each of buffers) manager.releaseBuffer(each)
  expect(buffers.map(() => free.pop())).toEqual(buffers)
  for (const i of [2, 0, 3, 1]) manager.releaseBuffer(buffers[i])
  for (const each of buffers) expect(free.pop()).toBe(each)
  manager.releaseBuffer(buffers[1])
  manager.releaseBuffer(buffers[0], false)
  expect(free).toEqual([buffers[1]])
})

describeOn('dispatches in a loop', { backend: 'webgpu' }, () => {
  const source = `
    ${storageBindings({ x: 'f32' }, { y: 'f32' })}
    struct Uniforms { terms: array<vec4<f32>, 20> }
    @group(0) @binding(2) var<uniform> uniforms: Uniforms;
    ${mainOfElements('arrayLength(&y)')}
      y[i] = x[i] + uniforms.terms[19].w;
    }`

  const plus = (x: tf.Tensor, term: number): tf.Tensor => {
    const y = uninitializedGpuTensor(x.shape)
    const uniforms = new Float32Array(80)
    uniforms[79] = term
    runShader({ label: 'plus', source, inputs: [x], outputs: [y], uniforms, workgroups: elementGrid(x.size) })
    return y
  }

  beforeAll(async () => {
    await useEngine({ backend: 'webgpu' })
  })

  it('make no bind group again, and still compute with their own tensors and uniforms', async () => {
    const { device } = gpuBackend('test')
    const makeGroup = vi.spyOn(device, 'createBindGroup')
    const step = async (first: number) => {
      const sum = tf.tidy(() => {
        let x: tf.Tensor = tf.tensor1d([first, 2])
        for (let i = 0; i < 40; i++) x = plus(x, i)
        return x
      })
      expect([...(await sum.data())]).toEqual([first + 780, 782])
      sum.dispose()
    }
    await step(1)
    await step(2)
    const before = makeGroup.mock.calls.length
    for (let i = 3; i < 8; i++) await step(i)
    expect(makeGroup.mock.calls.length).toBe(before)
    makeGroup.mockRestore()
  })

  it('UniformSlots has room for some, and again once they are written', () => {
    const { device } = gpuBackend('test')
    const { minUniformBufferOffsetAlignment: unit } = device.limits
    const slots = new UniformSlots(device, 2 * unit + 16)
    expect(slots.place(new Float32Array(1))).toEqual({ offset: 0, size: 16 })
    expect(slots.place(new Float32Array(5))).toEqual({ offset: unit, size: 32 })
    expect(slots.place(new Float32Array(5))).toBeNull()
    expect(slots.place(new ArrayBuffer(16))).toEqual({ offset: 2 * unit, size: 16 })
    expect(slots.place(new ArrayBuffer(4))).toBeNull()
    slots.write()
    expect(slots.place(new ArrayBuffer(4))).toEqual({ offset: 0, size: 16 })
    slots.buffer.destroy()
  })

  it('are submitted when there is no more room for uniforms', async () => {
    const uniforms = new Float32Array(2 ** 14) // a quarter of the room
    const results = Array.from({ length: 9 }, (_, i) => {
      const y = uninitializedGpuTensor([1])
      uniforms[79] = i
      runShader({ label: 'plus', source, inputs: [tf.zeros([1])], outputs: [y], uniforms, workgroups: [1, 1, 1] })
      return y
    })
    for (const [i, result] of results.entries()) expect([...(await result.data())]).toEqual([i])
  })
})
