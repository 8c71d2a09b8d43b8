import { DataError } from '../data-error.js'
import type { Tokenizer } from './tokenizer.js'

/** Options of {@link createTextDecoder}. */
export interface TextDecoderOptions {
  /** The text ends before the first of these to be complete; of those that end at one place, before the longest. */
  stop?: readonly string[]
}

/** Text from ids that come one at a time, as a model makes them. */
export interface TokenTextDecoder {
  /** Whether a stop string has come. From then on `push` and `flush` return `''`, until `flush` ends the text. */
  readonly stopped: boolean
  /**
   * Takes the next id and returns the text that is certain with it: `''` while a character still lacks bytes, and while
   * the end of the text may be the beginning of a stop string.
   *
   * @throws {DataError} `token-out-of-range` for an id that the vocabulary does not have
   */
  push(id: number): string
  /**
   * Ends the text and returns what was held back; half a character that is left becomes U+FFFD. Afterwards the decoder
   * is as new.
   */
  flush(): string
}

/**
 * A streaming decoder that never cuts a character nor a stop string: what `push` returned, joined, and then `flush`, is
 * `decode` of all ids together, up to the first stop string. Where the text is cut into tokens makes no difference.
 *
 * @param tokenizer - the tokenizer of the ids
 * @param options - see {@link TextDecoderOptions}
 * @returns the decoder
 * @throws {DataError} `invalid-argument` for a stop string that is empty or has half a character
 */
export function createTextDecoder(tokenizer: Tokenizer, options: TextDecoderOptions = {}): TokenTextDecoder {
  const { stop = [] } = options
  for (const text of stop) {
    if (text !== '' && !/\p{Surrogate}/u.test(text)) continue
    throw new DataError(
      'invalid-argument',
      `createTextDecoder: stop: ${JSON.stringify(text)} ${text === '' ? 'is empty' : 'has a lone surrogate'}. ` +
        'Give texts that can come.',
    )
  }
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  let held = '' // the beginning of a stop string, maybe
  let stopped = false

  /** Takes more text and returns what is certain. */
  const advance = (text: string): string => {
    held += text
    const found = firstStop(held, stop)
    stopped = found >= 0
    const certain = stopped ? found : held.length - lengthOfBeginning(held, stop)
    const released = held.slice(0, certain)
    held = stopped ? '' : held.slice(certain)
    return released
  }

  return {
    get stopped() {
      return stopped
    },
    push(id) {
      const bytes = tokenizer.tokenBytes(id)
      return stopped ? '' : advance(decoder.decode(bytes, { stream: true }))
    },
    flush() {
      const rest = decoder.decode()
      const text = stopped ? '' : advance(rest) + held
      held = ''
      stopped = false
      return text
    },
  }
}

/** Where the stop string begins that is complete first, or −1. */
function firstStop(text: string, stop: readonly string[]): number {
  let [start, end] = [-1, Infinity]
  for (const string of stop) {
    const index = text.indexOf(string)
    const itsEnd = index + string.length
    if (index < 0 || itsEnd > end || (itsEnd === end && index > start)) continue
    ;[start, end] = [index, itsEnd]
  }
  return start
}

/** How much of the end of a text may be the beginning of a stop string. */
function lengthOfBeginning(text: string, stop: readonly string[]): number {
  let most = 0
  for (const string of stop) {
    for (let length = Math.min(string.length - 1, text.length); length > most; length--) {
      if (text.endsWith(string.slice(0, length))) most = length
    }
  }
  return most
}
