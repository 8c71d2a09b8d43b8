import { setTimeout as wait } from 'node:timers/promises'

/** How often a request is made before it is given up. */
export const attempts = 4

/**
 * `fetch` that asks again when the connection breaks or the server is busy or broken (429, 5xx), after a pause that
 * doubles. A server that answers a request for a part with the whole is refused: the whole could be of any size.
 */
export const fetchWithRetries: typeof fetch = async (input, init) => {
  const range = new Headers(init?.headers).get('range')
  for (let attempt = 1; ; attempt++) {
    const pause = 100 * 2 ** attempt // milliseconds
    try {
      const response = await fetch(input, init)
      const isTransient = response.status === 429 || response.status >= 500
      if (!isTransient || attempt === attempts) {
        if (range !== null && range !== 'bytes=0-0' && response.status === 200) {
          await response.body?.cancel()
          throw new RangeError(`the server does not answer with a part of the file (${range})`)
        }
        return response
      }
      await response.body?.cancel()
    } catch (error) {
      if (attempt === attempts || error instanceof RangeError) throw error
    }
    await wait(pause)
  }
}
