import type { Tokenizer, TokenStream } from '@swat-js/data'
import { SwatError } from '@swat-js/tensor-core'
import { tokenText } from '../evaluation/token-text.js'

/**
 * Makes sure that there is held-out text to measure a model on.
 *
 * @param heldOut - the held-out tokens; the first one is never scored
 * @param tokenizer - where they come from
 * @param source - what holds them out, for the message: the key of the configuration and what it is
 * @throws SwatError `text-too-short` when nothing is left to score
 */
export function expectScorable(heldOut: TokenStream['tokens'], tokenizer: Tokenizer, source: string): void {
  if (tokenText(heldOut.subarray(1), tokenizer).length > 0) return
  throw new SwatError(
    'text-too-short',
    `${source} holds out ${heldOut.length} token(s), and the first one is never scored. Choose a larger share or bring ` +
      'more text.',
  )
}
