import { beforeAll, expect, it } from 'vitest'
import { describeOn } from '../../testing/kernel-pairs.js'
import { useEngine } from '../use-engine.js'
import { runShader } from './run-shader.js'
import { uninitializedGpuTensor } from './uninitialized-gpu-tensor.js'
import {
  elementGrid,
  laneReduction,
  mainOfElements,
  mainOfWorkgroups,
  rowDivision,
  storageBindings,
  uniformBytes,
  vectorWidth,
  workgroupGrid,
  workgroupThreads,
} from './wgsl.js'

describeOn('shared WGSL', { backend: 'webgpu' }, () => {
  beforeAll(async () => {
    await useEngine({ backend: 'webgpu' })
  })

  it('has a thread for every element, also of more than one axis of a grid holds', async () => {
    const size = workgroupThreads * 32768 + 5
    expect(elementGrid(size)).toEqual([32768, 2, 1])
    expect(elementGrid(0)).toEqual([0, 0, 1])
    const numbers = uninitializedGpuTensor([size], 'int32')
    const source = `${storageBindings({}, { numbers: 'i32' })}${mainOfElements('arrayLength(&numbers)')}
      numbers[i] = i32(i);
    }`
    runShader({ label: 'numbers', source, inputs: [], outputs: [numbers], workgroups: elementGrid(size) })
    const wrong = (await numbers.data()).findIndex((number, i) => number !== i)
    expect(wrong).toBe(-1)
    numbers.dispose()
  })

  it('numbers workgroups along both axes', async () => {
    const count = 32768 + 3
    const found = uninitializedGpuTensor([count], 'int32')
    const source = `${storageBindings({}, { found: 'i32' })}${mainOfWorkgroups()}
      if (thread == 7u && workgroupIndex < arrayLength(&found)) { found[workgroupIndex] = i32(workgroupIndex); }
    }`
    runShader({ label: 'groups', source, inputs: [], outputs: [found], workgroups: workgroupGrid(count) })
    expect((await found.data()).findIndex((number, i) => number !== i)).toBe(-1)
    found.dispose()
  })

  it.each([1, 2, 64, 256])('combines what %d lanes hold, twice', async (lanes) => {
    const sums = uninitializedGpuTensor([workgroupThreads])
    const source = `${storageBindings({}, { sums: 'f32' })}${laneReduction({ name: 'laneSum', type: 'f32', lanes })}
    ${mainOfWorkgroups()}
      let first = laneSum(thread, f32(thread));
      sums[thread] = first + 100000.0 * laneSum(thread, 1.0);
    }`
    runShader({ label: 'sums', source, inputs: [], outputs: [sums], workgroups: [1, 1, 1] })
    const expected = Array.from({ length: workgroupThreads }, (_, thread) => {
      const first = thread - (thread % lanes)
      return lanes * first + (lanes * (lanes - 1)) / 2 + 100000 * lanes
    })
    expect([...(await sums.data())]).toEqual(expected)
  })
})

it('shares out rows among threads', () => {
  expect(rowDivision(1)).toEqual({ lanes: 1, rowsAtOnce: 256, held: 1 })
  expect(rowDivision(256)).toEqual({ lanes: 64, rowsAtOnce: 4, held: 4 })
  expect(rowDivision(1030)).toEqual({ lanes: 256, rowsAtOnce: 1, held: 5 })
})

it('takes vectors where all sizes allow it', () => {
  expect([vectorWidth(8, 4), vectorWidth(8, 6), vectorWidth()]).toEqual([4, 1, 4])
})

it('lays out uniforms', () => {
  const view = new DataView(uniformBytes(['u32', 3], ['f32', 0.5]))
  expect([view.getUint32(0, true), view.getFloat32(4, true)]).toEqual([3, 0.5])
})
