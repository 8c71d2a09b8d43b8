import { heapView, uninitializedTensor } from '../engines/wasm/heap.js'
import type { tf } from '../tf.js'

/**
 * Swaps the axes of a matrix on the wasm backend; no gradient of its own. TensorFlow.js walks whole columns, which
 * misses the cache at every element when a row is a power of two long; strips of short columns do not.
 *
 * @param x - float32 `[rows, columns]`
 * @returns `[columns, rows]`
 */
export function transpose(x: tf.Tensor2D): tf.Tensor2D {
  const [rows, columns] = x.shape
  const result = uninitializedTensor([columns, rows]) as tf.Tensor2D
  copyTransposed(heapView(x), heapView(result), rows, columns)
  return result
}

const stripLength = 64

/** Four columns at a time: the four elements read share a cache line, and the lines of a strip stay in the cache. */
function copyTransposed(source: Float32Array, target: Float32Array, rows: number, columns: number): void {
  const paired = columns - (columns % 4)
  for (let start = 0; start < rows; start += stripLength) {
    const end = Math.min(start + stripLength, rows)
    for (let column = 0; column < paired; column += 4) {
      const [first, second, third, fourth] = [0, 1, 2, 3].map((i) => (column + i) * rows)
      for (let row = start; row < end; row++) {
        const at = row * columns + column
        target[first + row] = source[at]
        target[second + row] = source[at + 1]
        target[third + row] = source[at + 2]
        target[fourth + row] = source[at + 3]
      }
    }
    for (let column = paired; column < columns; column++) {
      for (let row = start; row < end; row++) target[column * rows + row] = source[row * columns + column]
    }
  }
}
