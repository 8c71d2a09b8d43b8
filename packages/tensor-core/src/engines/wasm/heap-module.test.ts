import { beforeAll, expect, it } from 'vitest'
import { tf } from '../../tf.js'
import { useEngine } from '../use-engine.js'
import { heapIsShared, heapMemory, heapPointer, heapView, withHeapBytes } from './heap.js'
import { HeapModule } from './heap-module.js'

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

beforeAll(async () => {
  await useEngine({ backend: 'wasm', threads: 1 })
})

it('works on the numbers of a tensor where they lie', () => {
  const tensor = tf.tensor1d([1, 2, 3])
  module.exports().negate(heapPointer(tensor) + 4)
  expect([...tensor.dataSync()]).toEqual([1, -2, 3])
})

it('one thread has memory of its own', () => {
  expect(heapIsShared()).toBe(false)
})

it('has one instance on a backend, which outlives growth of its memory', () => {
  const exports = module.exports()
  const tensor = tf.tensor1d([1, 2])
  const before = heapMemory().buffer
  withHeapBytes(before.byteLength, (pointer) => expect(pointer % 16).toBe(0))
  expect(before.byteLength).toBe(0) // detached
  expect(module.exports()).toBe(exports)
  exports.negate(heapPointer(tensor))
  expect([...heapView(tensor)]).toEqual([-1, 2])
})

it('falls back to the next module where the engine cannot compile one', () => {
  const broken = btoa(String.fromCharCode(...negateBytes.slice(0, -1), 0xff))
  const tensor = tf.tensor1d([5])
  const negate = new HeapModule<{ negate(pointer: number): void }>(broken, btoa(String.fromCharCode(...negateBytes)))
  negate.exports().negate(heapPointer(tensor))
  expect([...tensor.dataSync()]).toEqual([-5])
})
