/** Turns Ctrl-C into a wish to stop. */
export interface SignalWatch {
  /** Aborts with the first signal. */
  signal: AbortSignal
  /** Begins to watch; before that a signal ends the process at once. */
  watch(): void
}

/** One Ctrl-C may arrive several times: from the terminal, and from npm and other programs that pass it on. */
const echoMilliseconds = 1000

/**
 * Watches for SIGINT and SIGTERM: the first asks for an orderly end, another one ends the process with exit code 130.
 *
 * @param tell - called with a sentence for the person who pressed the keys
 */
export function watchSignals(tell: (text: string) => void): SignalWatch {
  const controller = new AbortController()
  const names = ['SIGINT', 'SIGTERM'] as const
  let firstAt = 0
  function stop() {
    if (controller.signal.aborted) {
      if (performance.now() - firstAt > echoMilliseconds) process.exit(130)
      return
    }
    firstAt = performance.now()
    controller.abort()
    tell('Stopping after this step. Press Ctrl-C again to end at once, without a checkpoint.')
  }
  return {
    signal: controller.signal,
    watch: () => names.forEach((name) => process.on(name, stop)),
  }
}
