import { DataError } from '../data-error.js'
import { alphabetToBytes } from './byte-alphabet.js'
import { loadTokenizer } from './load-tokenizer.js'
import type { Tokenizer } from './tokenizer.js'

/**
 * A tokenizer from the two files that GPT-2 came with, and RoBERTa and others after it. Tokens that are neither a byte
 * nor made by a merge, such as `<|endoftext|>`, are its special tokens.
 *
 * @param vocab the parsed `vocab.json` (`encoder.json`): ids by token, bytes written in GPT-2's byte alphabet
 * @param merges the text of `merges.txt` (`vocab.bpe`): a merge a line, the first learned first, maybe after a line
 *   with `#version`
 * @throws {DataError} `unsupported-tokenizer` for files that do not fit together, and for words that end in `</w>`
 */
export function gpt2Tokenizer(vocab: Readonly<Record<string, number>>, merges: string): Tokenizer {
  if (typeof vocab !== 'object' || vocab === null || Array.isArray(vocab)) {
    throw refusal('vocab must be an object of ids by token: the parsed contents of vocab.json')
  }
  const lines = merges.split(/\r?\n/)
  if (lines[0]!.startsWith('#version')) lines.shift()
  const pairs = lines.filter((line) => line !== '')
  const learned = new Set(pairs.map((line) => line.replace(' ', '')))
  const isByte = (token: string): boolean => alphabetToBytes(token)?.length === 1
  if (Object.keys(vocab).some((token) => token.endsWith('</w>') && token !== '</w>')) {
    throw refusal('the tokens of vocab end in </w>: this is BPE on characters, not on bytes. Take its tokenizer.json')
  }
  const special = Object.entries(vocab).filter(([token]) => !isByte(token) && !learned.has(token))
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true }
  return loadTokenizer({
    version: '1.0',
    added_tokens: special.map(([content, id]) => ({ id, content, special: true })),
    pre_tokenizer: byteLevel,
    decoder: byteLevel,
    model: { type: 'BPE', vocab, merges: pairs },
  })
}

function refusal(reason: string): DataError {
  return new DataError('unsupported-tokenizer', `gpt2Tokenizer: ${reason}.`)
}
