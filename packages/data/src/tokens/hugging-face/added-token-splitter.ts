import { shown, unsupportedTokenizer } from '../check-tokenizer-json.js'
import { specialTokenSplitter } from '../special-tokens.js'
import type { AddedTokenJson } from '../tokenizer-json.js'

/** A part of a text: an added token with its id, or what stands between two. */
export interface TextPiece {
  piece: string
  id: number | null
  /** Where it begins in the text, in code units. */
  start: number
}

/**
 * Cuts a text at added tokens; white space beside one goes with it where the token says so (`lstrip`, `rstrip`).
 *
 * @throws {DataError} `unsupported-tokenizer` for `single_word`
 */
export function addedTokenSplitter(addedTokens: readonly AddedTokenJson[]): (text: string) => TextPiece[] {
  const tokens = new Map(addedTokens.map((token) => [token.content, token]))
  const single = addedTokens.find(({ single_word }) => single_word)
  if (single !== undefined) {
    throw unsupportedTokenizer(`the added token ${shown(single.content)} has single_word, which is not read`)
  }
  const split = specialTokenSplitter(tokens.keys())
  return (text) => {
    const pieces: TextPiece[] = []
    let start = 0
    for (const { piece, isSpecial } of split(text)) {
      pieces.push({ piece, id: isSpecial ? tokens.get(piece)!.id : null, start })
      start += piece.length
    }
    for (const [index, { piece, id }] of pieces.entries()) {
      if (id === null) continue
      const { lstrip, rstrip } = tokens.get(piece)!
      const [before, after] = [pieces[index - 1], pieces[index + 1]]
      if (lstrip && before !== undefined) before.piece = before.piece.replace(/\p{White_Space}+$/u, '')
      if (rstrip && after !== undefined) {
        const rest = after.piece.replace(/^\p{White_Space}+/u, '')
        after.start += after.piece.length - rest.length
        after.piece = rest
      }
    }
    return pieces
  }
}
