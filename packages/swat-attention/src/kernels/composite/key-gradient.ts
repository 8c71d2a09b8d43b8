import { tf } from '@swat-js/tensor-core'
import { headsLast, type Layout } from './layout.js'
import { OverlapSum } from './overlap-sum.js'
import type { Tile } from './tiles.js'

/** Collects the gradient of keys or values from tiles that share them. */
export class KeyGradient {
  private readonly sums: readonly [OverlapSum, OverlapSum]

  /** @param layout - of the inputs */
  constructor(private readonly layout: Layout) {
    const sum = () => new OverlapSum(layout.keyRows, layout.headDim)
    this.sums = [sum(), sum()]
  }

  /** Adds the gradient of a tile's keys `[batch · kvHeads, columns, headDim]` and takes it over. */
  add({ ranges }: Tile, gradient: tf.Tensor): void {
    const { keyRows, headDim } = this.layout
    const rows = tf.reshape(gradient, [keyRows, -1]) as tf.Tensor2D
    gradient.dispose()
    let column = 0
    ranges.forEach((range, i) => {
      const size = range.end - range.start
      if (size === 0) return
      const whole = size * headDim === rows.shape[1]
      this.sums[i].add(range, whole ? tf.clone(rows) : tf.slice(rows, [0, column * headDim], [keyRows, size * headDim]))
      column += size
    })
    rows.dispose()
  }

  /** The whole gradient in the shape of `like`. */
  total(like: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      const [sinks, window] = this.sums
      const total = window.total(like.shape[1])
      return headsLast(sinks.empty ? total : tf.add(total, sinks.total(like.shape[1])), like)
    })
  }
}
