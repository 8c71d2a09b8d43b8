import type { SwatConfig } from './swat-config.js'

/**
 * A window in words: `window 128`, `windows 128, 128, no`, `no window`.
 *
 * @param window - of a configuration
 * @returns the words
 */
export function describeWindow(window: SwatConfig['window']): string {
  if (Array.isArray(window)) return `windows ${window.map((one) => one ?? 'no').join(', ')}`
  return window === null ? 'no window' : `window ${window}`
}
