/** What a character is to the pattern; 0 in a table is one that was not met yet. */
const Kind = { letter: 1, number: 2, space: 3, other: 4 } as const
type Kind = (typeof Kind)[keyof typeof Kind]

const apostrophe = 0x27
const blank = 0x20

/** Finds where words end. Each has a table of the characters it has met. */
export type WordScanner = (text: string, start: number) => number

/**
 * A function that gives the end of the word of `wordPattern` that begins at `start` in `text`, in code units. It finds
 * the words of the pattern, which it is tested against, in a fraction of the time: one look into a table a character.
 */
export function wordScanner(): WordScanner {
  const kinds = new Uint8Array(0x110000) // of a code point; filled as they come
  const classify = (point: number): Kind => {
    const character = String.fromCodePoint(point)
    const kind = /\p{L}/u.test(character)
      ? Kind.letter
      : /\p{N}/u.test(character)
        ? Kind.number
        : /\p{White_Space}/u.test(character)
          ? Kind.space
          : Kind.other
    kinds[point] = kind
    return kind
  }
  const kindOf = (point: number): Kind => (kinds[point] as Kind | 0) || classify(point)

  /** Where the run of characters of one kind ends that goes through `from`. */
  const endOfRun = (text: string, from: number, kind: Kind): number => {
    let index = from
    while (index < text.length) {
      let point = text.charCodeAt(index)
      if (point >= 0xd800 && point < 0xdc00) point = text.codePointAt(index)!
      if (kindOf(point) !== kind) break
      index += point > 0xffff ? 2 : 1
    }
    return index
  }

  return (text, start) => {
    const first = text.codePointAt(start)!
    if (first === apostrophe) {
      const length = contractionLength(text, start)
      if (length > 0) return start + length
    }
    let kind = kindOf(first)
    if (kind === Kind.space) {
      const next = first === blank && start + 1 < text.length ? kindOf(text.codePointAt(start + 1)!) : Kind.space
      if (next === Kind.space) {
        const end = endOfRun(text, start + 1, Kind.space)
        // All of it at the end of the text; else the last one is left to the word that follows, if another is there.
        return end === text.length || end === start + 1 ? end : end - 1
      }
      kind = next
    }
    return endOfRun(text, start + (first > 0xffff ? 2 : 1), kind)
  }
}

/** The length of 's, 't, 're, 've, 'm, 'll or 'd at `start`, or 0. */
function contractionLength(text: string, start: number): number {
  switch (text.charAt(start + 1)) {
    case 's':
    case 't':
    case 'm':
    case 'd':
      return 2
    case 'r':
    case 'v':
      return text.charAt(start + 2) === 'e' ? 3 : 0
    case 'l':
      return text.charAt(start + 2) === 'l' ? 3 : 0
    default:
      return 0
  }
}
