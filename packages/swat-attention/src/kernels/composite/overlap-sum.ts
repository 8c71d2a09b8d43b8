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
    const { open, end: openEnd } = this
    this.open = open ? tf.tidy(() => this.joined(open, part, openEnd - start, end - start)) : part
    if (open) tf.dispose([open, part])
    this.end = end
  }

  /** The sum over `length` places, `[rows, length · width]`; nothing can be added afterwards. */
  total(length: number): tf.Tensor2D {
    this.closeBefore(length)
    const total = tf.concat(this.closed, 1)
    tf.dispose(this.closed)
    return total
  }

  /** The sum where both cover a place, then what only `part` covers. */
  private joined(open: tf.Tensor2D, part: tf.Tensor2D, shared: number, places: number): tf.Tensor2D {
    const sum = tf.add(open, this.cut(part, 0, shared)) as tf.Tensor2D
    return shared === places ? sum : tf.concat([sum, this.cut(part, shared, places)], 1)
  }

  private closeBefore(place: number): void {
    const { open } = this
    if (open && place >= this.end) {
      this.closed.push(open)
      this.open = null
    } else if (open && place > this.start) {
      this.closed.push(this.cut(open, 0, place - this.start))
      this.open = this.cut(open, place - this.start, this.end - this.start)
      open.dispose()
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
