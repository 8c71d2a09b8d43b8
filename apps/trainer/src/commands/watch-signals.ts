/** Turns Ctrl-C into a wish to stop. */
export interface SignalWatch {
  /** Aborts with the first signal. */
  signal: AbortSignal
  /** Begins to watch; before that a signal ends the process at once. */
  watch(): void
  /** Stops watching. */
  close(): void
}

/**
 * Watches for SIGINT and SIGTERM: the first asks for an orderly end, the second ends the process at once.
 *
 * @param tell - called with a sentence for the person who pressed the keys
 */
export function watchSignals(tell: (text: string) => void): SignalWatch {
  const controller = new AbortController()
  const names = ['SIGINT', 'SIGTERM'] as const
  const close = () => names.forEach((name) => process.off(name, stop))
  function stop() {
    close() // the system's own answer to the next signal works even while a step computes
    controller.abort()
    tell('Stopping after this step. Press Ctrl-C again to end at once, without a checkpoint.')
  }
  return { signal: controller.signal, watch: () => names.forEach((name) => process.on(name, stop)), close }
}
