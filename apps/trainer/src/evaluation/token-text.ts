import type { Tokenizer } from '@swat-js/data'

/**
 * The bytes that tokens stand for; special tokens stand for none.
 *
 * @param ids - token ids
 * @param tokenizer - where they come from
 * @returns UTF-8, possibly cut inside a character at both ends
 */
export function tokenText(ids: ArrayLike<number>, tokenizer: Tokenizer): Uint8Array {
  const special = new Set(tokenizer.specialTokens.values())
  const table = Array.from({ length: tokenizer.vocabSize }, (_, id) =>
    special.has(id) ? new Uint8Array(0) : tokenizer.tokenBytes(id),
  )
  const pieces = Array.from(ids, (id) => table[id])
  const text = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0))
  let end = 0
  for (const piece of pieces) {
    text.set(piece, end)
    end += piece.length
  }
  return text
}
