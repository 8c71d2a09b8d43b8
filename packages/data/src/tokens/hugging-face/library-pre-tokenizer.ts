import { asObject, shown, unsupportedTokenizer, type Json } from '../check-tokenizer-json.js'
import { wordPattern } from '../word-pattern.js'
import { listOf, patternOf, textOf } from './library-normalizer.js'

const isolate = (regex: string): Json => ({
  type: 'Split',
  pattern: { Regex: regex },
  behavior: 'Isolated',
  invert: false,
})
const keepOnly = (regex: string): Json => ({
  type: 'Split',
  pattern: { Regex: regex },
  behavior: 'Removed',
  invert: true,
})
const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')

const punctuation = '[\\p{P}\\x21-\\x2f\\x3a-\\x40\\x5b-\\x60\\x7b-\\x7e]'
const wordCharacters = '\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}'

/**
 * A pre-tokenizer of a `tokenizer.json` in steps with which `@huggingface/tokenizers` gives the words of the Python
 * package. The library knows white space, digits and word characters as JavaScript does, and of `Split` what most files
 * use; where that differs, the step is said otherwise.
 *
 * @param value the step
 * @param isAtStart whether the text that comes is the beginning of the whole
 * @throws {DataError} `unsupported-tokenizer` for steps that the library lacks
 */
export function libraryPreTokenizer(value: unknown, isAtStart: boolean, name = 'pre_tokenizer'): readonly Json[] {
  if (value === null || value === undefined) return []
  const step = asObject(value, name)
  switch (step.type) {
    case 'Sequence':
      return listOf(step.pretokenizers, `${name}.pretokenizers`).flatMap((inner, index) => {
        const innerName = `${name}.pretokenizers[${index}]`
        if (index > 0 && asObject(inner, innerName).prepend_scheme === 'first') {
          throw unsupportedTokenizer(`${innerName}.prepend_scheme "first" after another step is not read`)
        }
        return libraryPreTokenizer(inner, isAtStart, innerName)
      })
    case 'ByteLevel':
      return [
        ...(step.add_prefix_space === false
          ? []
          : [{ type: 'Replace', pattern: { Regex: '\\A[^ ]' }, content: ' $&' }]),
        ...(step.use_regex === false ? [] : [isolate(wordPattern.source)]),
        { type: 'ByteLevel', add_prefix_space: false, use_regex: false },
      ]
    case 'Metaspace':
      return metaspace(step, isAtStart, name)
    case 'Split':
      return [split(step, name)]
    case 'CharDelimiterSplit':
      return [{ type: 'Split', pattern: { String: textOf(step.delimiter, `${name}.delimiter`) }, behavior: 'Removed' }]
    case 'Whitespace':
      return [keepOnly(`[${wordCharacters}]+|[^${wordCharacters}\\p{White_Space}]+`)]
    case 'WhitespaceSplit':
      return [keepOnly('\\P{White_Space}+')]
    case 'BertPreTokenizer':
      return [keepOnly('\\P{White_Space}+'), isolate(punctuation)]
    case 'Punctuation':
      if ((step.behavior ?? 'Isolated') !== 'Isolated') break
      return [isolate(punctuation)]
    case 'Digits':
      return [isolate(step.individual_digits === true ? '\\p{N}' : '\\p{N}+')]
  }
  throw unsupportedTokenizer(`${name} is ${shown(step)}, which gives other ids here than in Python or none`)
}

function metaspace(step: Json, isAtStart: boolean, name: string): readonly Json[] {
  const replacement = textOf(step.replacement ?? '▁', `${name}.replacement`)
  const scheme = step.prepend_scheme ?? (step.add_prefix_space === false ? 'never' : 'always')
  if (scheme !== 'always' && scheme !== 'first' && scheme !== 'never') {
    throw unsupportedTokenizer(`${name}.prepend_scheme must be "always", "first" or "never", got ${shown(scheme)}`)
  }
  if ([...replacement].length !== 1) {
    throw unsupportedTokenizer(`${name}.replacement must be one character, got ${shown(replacement)}`)
  }
  const isPrepended = scheme === 'always' || (scheme === 'first' && isAtStart)
  const mark = escaped(replacement)
  return [
    { type: 'Metaspace', replacement, prepend_scheme: isPrepended ? 'always' : 'never' },
    ...(step.split === false ? [] : [isolate(`${mark}[^${mark}]*`)]),
  ]
}

function split(step: Json, name: string): Json {
  const pattern = patternOf(step.pattern, name)
  const isInverted = step.invert === true
  switch (step.behavior) {
    case 'Isolated':
      return { type: 'Split', pattern, behavior: 'Isolated', invert: false } // both what is found and what is between
    case 'Removed':
      if (!isInverted && /\((?!\?)/.test(String(pattern.Regex ?? ''))) break // a group would come back as a word
      return { type: 'Split', pattern, behavior: 'Removed', invert: isInverted }
    case 'MergedWithPrevious':
    case 'MergedWithNext': {
      const text = pattern.String
      if (isInverted || typeof text !== 'string' || [...text].length !== 1) break
      const mark = escaped(text)
      return isolate(
        step.behavior === 'MergedWithNext' ? `${mark}[^${mark}]*|[^${mark}]+` : `[^${mark}]*${mark}|[^${mark}]+`,
      )
    }
  }
  throw unsupportedTokenizer(
    `${name} splits with ${shown({ behavior: step.behavior, invert: step.invert, pattern })}, ` +
      'which gives other ids here than in Python or none',
  )
}
