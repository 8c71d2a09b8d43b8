import { wordMerger } from '../bpe-tokenizer.js'
import type { CheckedTokenizerJson } from '../check-tokenizer-json.js'
import { EncodedWords } from '../encoded-words.js'
import type { TokenBuffer } from '../token-buffer.js'

const wordsRemembered = 262_144
const mark = '▁'

/** A function that adds the ids of a word, cut out by a pre-tokenizer, to `output`. */
export type WordEncoder = (word: string, output: TokenBuffer) => void

/**
 * BPE on characters, or on bytes written as characters, as the Python package does it: what the vocabulary lacks
 * becomes byte tokens, or the unknown token, or nothing. The library's own takes a hundred times as long.
 */
export function bpeWordEncoder({ model, vocab, merges }: CheckedTokenizerJson): WordEncoder {
  const merge = wordMerger(
    merges.map(([left, right]) => ({
      left: vocab.get(left)!,
      right: vocab.get(right)!,
      merged: vocab.get(left + right)!,
    })),
  )
  const unknown = typeof model.unk_token === 'string' ? vocab.get(model.unk_token) : undefined
  const encoder = new TextEncoder()
  const bytesOf = (character: string): readonly number[] | undefined => {
    if (model.byte_fallback !== true) return undefined
    const names = Array.from(encoder.encode(character), (byte) => byte.toString(16).toUpperCase().padStart(2, '0'))
    const ids = names.map((name) => vocab.get(`<0x${name}>`))
    return ids.every((id) => id !== undefined) ? ids : undefined
  }

  const encode = (word: string): Int32Array => {
    const symbols: number[] = []
    let wasUnknown = false
    for (const character of word) {
      const id = vocab.get(character)
      const known = id === undefined ? bytesOf(character) : [id]
      if (known !== undefined) symbols.push(...known)
      else if (unknown !== undefined && !(wasUnknown && model.fuse_unk === true)) symbols.push(unknown)
      wasUnknown = known === undefined
    }
    return merge(Int32Array.from(symbols))
  }

  const words = new EncodedWords(wordsRemembered)
  // Where no token has a mark after another character, no merge reaches over such a place: the text is cut there.
  // Unknown characters that are fused must not be cut apart, but a mark that the vocabulary has is never among them.
  const isCutAtMarks = vocab.has(mark) && !merges.some(([left, right]) => /[^▁]▁/u.test(left + right))
  return (word, output) => {
    const whole = model.ignore_merges === true ? vocab.get(word) : undefined
    if (whole !== undefined) return output.append([whole])
    if (!isCutAtMarks) return words.append(word, 0, word.length, output, encode)
    for (let start = 0; start < word.length;) {
      let end = start
      while (word[end] === mark) end++
      const next = word.indexOf(mark, end)
      end = next === -1 ? word.length : next
      words.append(word, start, end, output, encode)
      start = end
    }
  }
}
