import { expectInteger } from '../expect-integer.js'

/**
 * Number of tokens, the current one included, that can reach one output through stacked layers:
 * `1 + (window − 1) · layers` (SWAT 2.1).
 *
 * @param options - window and number of layers
 * @returns tokens; Infinity without a window
 * @throws SwatError `attention` when a number is not a positive integer
 */
export function receptiveField({
  window,
  layers,
}: {
  /** Number of keys a query sees, itself included; null = every earlier key. */
  window: number | null
  /** Number of attention layers. */
  layers: number
}): number {
  expectInteger('receptiveField', 'layers', layers, 1, 'Give the number of attention layers.')
  if (window === null) return Infinity
  expectInteger('receptiveField', 'window', window, 1, 'Give the number of keys a query sees, or null.')
  return 1 + (window - 1) * layers
}
