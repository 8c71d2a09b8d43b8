import { tf } from '@swat-js/tensor-core'
import type { KeyRange } from '../../window/window.js'

/**
 * Adds up parts that cover overlapping runs of places along an axis. The runs' starts and ends never fall, so only the
 * places after the latest start are still open, and the work is linear in what is added.
 */
export class OverlapSum {
  private readonly closed: tf.Tensor2D[] = []
  private open: tf.Tensor2D | null = null
  private start = 0
  private end = 0

  /**
   * @param rows - length of the other axis
   * @param width - numbers a place
   */
  constructor(
    private readonly rows: number,
    private readonly width: number,
  ) {}

  /** Whether nothing was added. */
  get empty(): boolean {
    return this.end === 0
  }

  /** Adds `part` `[rows, (end − start) · width]` and takes it over. */
  add({ start, end }: KeyRange, part: tf.Tensor2D): void {
    this.closeBefore(start)
    const shared = this.end - start
    if (this.open) {
      const sum = tf.add(this.open, this.cut(part, 0, shared)) as tf.Tensor2D
      this.open = this.end === end ? sum : tf.concat([sum, this.cut(part, shared, end - start)], 1)
    } else {
      this.open = part
    }
    this.end = end
  }

  /** The sum over `length` places, `[rows, length · width]`; nothing can be added afterwards. */
  total(length: number): tf.Tensor2D {
    this.closeBefore(length)
    return tf.concat(this.closed, 1)
  }

  private closeBefore(place: number): void {
    if (this.open && place >= this.end) {
      this.closed.push(this.open)
      this.open = null
    } else if (this.open && place > this.start) {
      this.closed.push(this.cut(this.open, 0, place - this.start))
      this.open = this.cut(this.open, place - this.start, this.end - this.start)
    }
    if (place > this.end) {
      this.closed.push(tf.zeros([this.rows, (place - this.end) * this.width]))
      this.end = place
    }
    this.start = place
  }

  private cut(part: tf.Tensor2D, from: number, to: number): tf.Tensor2D {
    return tf.slice(part, [0, from * this.width], [this.rows, (to - from) * this.width])
  }
}
