import { heapView, tf, uninitializedTensor, withGradient } from '@swat-js/tensor-core'

/**
 * A part of a tensor along one axis, differentiable. What `tf.slice` does, which on the wasm backend copies the whole
 * tensor for each part of it: there only the part is copied.
 *
 * @param x - float32
 * @param axis - along which
 * @param start - first index
 * @param size - how many
 * @returns the part, of the same rank
 */
export function partOf<T extends tf.Tensor>(x: T, axis: number, start: number, size: number): T {
  const before = x.shape.map((_, i) => (i === axis ? start : 0))
  const shape = x.shape.map((length, i) => (i === axis ? size : length))
  const paddings = x.shape.map((length, i): [number, number] => (i === axis ? [start, length - start - size] : [0, 0]))
  return withGradient(
    [x],
    () => (tf.getBackend() === 'wasm' ? copyOnHeap(x, axis, start, shape) : tf.slice(x, before, shape)),
    (gradient) => [tf.pad(gradient, paddings)],
    { keepInputs: false },
  ) as T
}

/**
 * The tensors along the first axis, as `tf.unstack` gives them; differentiable.
 *
 * @param x - float32 `[count, …]`
 * @returns count tensors `[…]`
 */
export function unstacked(x: tf.Tensor): tf.Tensor[] {
  const [count, ...shape] = x.shape
  return Array.from({ length: count }, (_, i) => tf.reshape(partOf(x, 0, i, 1), shape))
}

/** Runs shorter than this are copied one by one: a call costs more. */
const shortRun = 16

function copyOnHeap(x: tf.Tensor, axis: number, start: number, shape: number[]): tf.Tensor {
  const result = uninitializedTensor(shape)
  const [from, to] = [heapView(x), heapView(result)] // after the allocation, which may move the memory
  const inner = shape.slice(axis + 1).reduce((product, length) => product * length, 1)
  const run = shape[axis] * inner
  const stride = x.shape[axis] * inner
  for (let i = start * inner, o = 0; o < to.length; i += stride, o += run) {
    if (run >= shortRun) to.set(from.subarray(i, i + run), o)
    else for (let k = 0; k < run; k++) to[o + k] = from[i + k]
  }
  return result
}
