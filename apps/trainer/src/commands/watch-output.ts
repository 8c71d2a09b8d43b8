/**
 * Notices when nobody reads the output any more, as in `swat generate … | head -1`.
 *
 * @param output - standard output
 * @returns aborts when its reader has gone; any other failure to write ends the process with a message
 */
export function watchOutput(output: NodeJS.WritableStream): AbortSignal {
  const controller = new AbortController()
  output.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED') return controller.abort()
    process.stderr.write(`swat: the output cannot be written: ${error.message}.\n`)
    process.exit(1)
  })
  return controller.signal
}
