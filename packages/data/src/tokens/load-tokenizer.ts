import { bpeTokenizer } from './bpe-tokenizer.js'
import { alphabetToBytes } from './byte-alphabet.js'
import { byteTokenizer } from './byte-tokenizer.js'
import { checkTokenizerJson, type CheckedTokenizerJson } from './check-tokenizer-json.js'
import { huggingFaceTokenizer } from './hugging-face/hugging-face-tokenizer.js'
import type { Tokenizer } from './tokenizer.js'

/**
 * A tokenizer from the parsed contents of a Hugging Face `tokenizer.json`. Byte-level BPE with GPT-2's pre-tokenizer –
 * what `toJSON` and `saveTokenizer` write, GPT-2's own file – is encoded by this package's own code, `kind` `byte` or
 * `bpe`. Other BPE (Llama, Qwen, …), Unigram and WordPiece are encoded by `@huggingface/tokenizers`, `kind`
 * `hugging-face`, where the ids are those of the Python package `tokenizers`.
 *
 * @param json the parsed file
 * @throws {DataError} `unsupported-tokenizer` with the reason for a file that is not whole and for one that asks for a
 *   step whose ids would differ from the Python package's; `invalid-special-token`
 */
export function loadTokenizer(json: unknown): Tokenizer {
  const checked = checkTokenizerJson(json)
  return byteLevelTokenizerOf(checked) ?? huggingFaceTokenizer(checked)
}

const isNothing = (value: unknown): boolean => value === null || value === undefined

/** The tokenizer of a file that this package's own code encodes, or undefined. */
function byteLevelTokenizerOf({ file, model, type, vocab, merges, addedTokens }: CheckedTokenizerJson) {
  const preTokenizer = (file.pre_tokenizer ?? {}) as Record<string, unknown>
  const { type: decoder } = (file.decoder ?? {}) as Record<string, unknown>
  const { type: postProcessor } = (file.post_processor ?? { type: 'ByteLevel' }) as Record<string, unknown>
  const isPlain =
    type === 'BPE' &&
    ['normalizer', 'truncation', 'padding'].every((key) => isNothing(file[key])) &&
    preTokenizer.type === 'ByteLevel' &&
    preTokenizer.add_prefix_space === false &&
    (preTokenizer.use_regex ?? true) === true &&
    decoder === 'ByteLevel' &&
    postProcessor === 'ByteLevel' &&
    ['dropout', 'continuing_subword_prefix', 'end_of_word_suffix', 'byte_fallback', 'ignore_merges'].every((key) =>
      [null, undefined, false, '', 0].includes(model[key] as null),
    ) &&
    addedTokens.every(({ special, single_word, lstrip, rstrip }) => special && !single_word && !lstrip && !rstrip)
  if (!isPlain) return undefined

  const specialTokens = new Map(addedTokens.map(({ content, id }) => [content, id]))
  const ordinary = [...vocab].filter(([token]) => !specialTokens.has(token))
  const tokens = new Map<number, Uint8Array>()
  for (const [token, id] of ordinary) {
    const bytes = alphabetToBytes(token)
    if (bytes === undefined || bytes.length === 0) return undefined
    tokens.set(id, bytes)
  }
  const singleBytes = [...tokens.values()].filter(({ length }) => length === 1)
  const lastId = [...tokens.keys(), ...specialTokens.values()].reduce((last, id) => Math.max(last, id), 0)
  if (singleBytes.length !== 256 || lastId !== tokens.size + specialTokens.size - 1) return undefined
  if (merges.some((merge) => merge.some((token) => specialTokens.has(token)))) return undefined

  const isByteTokenizer =
    merges.length === 0 &&
    tokens.size === 256 &&
    [...tokens].every(([id, bytes]) => bytes[0] === id) &&
    [...specialTokens.values()].every((id) => id >= 256)
  if (isByteTokenizer) return byteTokenizer({ specialTokens: [...specialTokens.keys()] })
  return bpeTokenizer({
    tokens,
    merges: merges.map(([left, right]) => ({
      left: vocab.get(left)!,
      right: vocab.get(right)!,
      merged: vocab.get(left + right)!,
    })),
    specialTokens,
  })
}
