import { DataError } from '../data-error.js'

/** Throws a {@link DataError} if a special token is empty, double or not well-formed. */
export function checkSpecialTokens(owner: string, specialTokens: readonly string[]): void {
  const seen = new Set<string>()
  for (const token of specialTokens) {
    const wrong = [
      token === '' && 'is empty',
      /\p{Surrogate}/u.test(token) && 'has a lone surrogate',
      seen.has(token) && 'is there twice',
    ].find((reason) => reason !== false)
    if (wrong !== undefined) {
      throw new DataError(
        'invalid-special-token',
        `${owner}: specialTokens: ${JSON.stringify(token)} ${wrong}. Give each token once, as text of its own.`,
      )
    }
    seen.add(token)
  }
}

/**
 * Cuts `text` at special tokens: the first one from the left, of several at one place the longest, as in the Python
 * package. Gives the pieces in order; a piece that is a special token has `isSpecial`.
 */
export function specialTokenSplitter(
  specialTokens: Iterable<string>,
): (text: string) => Iterable<{ piece: string; isSpecial: boolean }> {
  const longestFirst = [...specialTokens].sort((left, right) => right.length - left.length)
  if (longestFirst.length === 0) return (text) => [{ piece: text, isSpecial: false }]
  const escaped = longestFirst.map((token) => token.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'))
  const pattern = new RegExp(`(${escaped.join('|')})`, 'u') // a captured separator stays in the split, at odd places
  return (text) => text.split(pattern).map((piece, index) => ({ piece, isSpecial: index % 2 === 1 }))
}
