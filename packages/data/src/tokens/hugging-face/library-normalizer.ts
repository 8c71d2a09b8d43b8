import { asObject, shown, unsupportedTokenizer, type Json } from '../check-tokenizer-json.js'

const replaceRegex = (regex: string, content: string): Json => ({ type: 'Replace', pattern: { Regex: regex }, content })

/** CJK ideographs, as BERT sees them. */
const ideographs =
  '[\\u{4e00}-\\u{9fff}\\u{3400}-\\u{4dbf}\\u{20000}-\\u{2a6df}\\u{2a700}-\\u{2b73f}\\u{2b740}-\\u{2b81f}' +
  '\\u{2b820}-\\u{2ceaf}\\u{f900}-\\u{faff}\\u{2f800}-\\u{2fa1f}]'

/** As Rust does it, a character at a time: JavaScript has a rule of its own for Σ at the end of a word. */
const lowercase: readonly Json[] = [{ type: 'Replace', pattern: { String: 'Σ' }, content: 'σ' }, { type: 'Lowercase' }]

/**
 * A normalizer of a `tokenizer.json` in steps with which `@huggingface/tokenizers` does what the Python package does.
 * Most steps are taken as they are; those where the two differ are said otherwise.
 *
 * @throws {DataError} `unsupported-tokenizer` for steps that the library lacks or only approximates
 */
export function libraryNormalizer(value: unknown, name = 'normalizer'): readonly Json[] {
  if (value === null || value === undefined) return []
  const step = asObject(value, name)
  switch (step.type) {
    case 'Sequence':
      return listOf(step.normalizers, `${name}.normalizers`).flatMap((inner, index) =>
        libraryNormalizer(inner, `${name}.normalizers[${index}]`),
      )
    case 'NFC':
    case 'NFD':
    case 'NFKC':
    case 'NFKD':
    case 'StripAccents':
      return [step]
    case 'Prepend':
      // Not before nothing: the first character is found, and put back after the text.
      return [replaceRegex('\\A[\\s\\S]', `${literal(textOf(step.prepend, `${name}.prepend`))}$&`)]
    case 'Replace':
      return [
        { ...step, pattern: patternOf(step.pattern, name), content: literal(textOf(step.content, `${name}.content`)) },
      ]
    case 'Strip':
      return [
        ...(step.strip_left === true ? [replaceRegex('\\A\\p{White_Space}+', '')] : []),
        ...(step.strip_right === true ? [replaceRegex('\\p{White_Space}+\\z', '')] : []),
      ]
    case 'Lowercase':
      return lowercase
    case 'BertNormalizer':
      return bertNormalizer(step)
    default:
      throw unsupportedTokenizer(
        `${name}.type is ${shown(step.type)}, which gives other ids here than in Python or none`,
      )
  }
}

function bertNormalizer(step: Json): readonly Json[] {
  const isLowercase = step.lowercase !== false
  const stripsAccents = step.strip_accents ?? isLowercase
  return [
    ...(step.clean_text === false
      ? []
      : [replaceRegex('(?![\\t\\n\\r])[\\p{Cc}\\p{Cf}\\p{Co}\\u{fffd}]', ''), replaceRegex('\\p{White_Space}', ' ')]),
    ...(step.handle_chinese_chars === false ? [] : [replaceRegex(ideographs, ' $& ')]),
    ...(stripsAccents === true ? [{ type: 'NFD' }, replaceRegex('\\p{Mn}', '')] : []),
    ...(isLowercase ? lowercase : []),
  ]
}

/** A replacement in which `$` is no sign for what was found. */
const literal = (text: string): string => text.replaceAll('$', '$$$$')

/** The steps of a sequence. */
export function listOf(value: unknown, name: string): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw unsupportedTokenizer(`${name} must be a list, got ${shown(value)}`)
}

/** A text of a step. */
export function textOf(value: unknown, name: string): string {
  if (typeof value === 'string') return value
  throw unsupportedTokenizer(`${name} must be a text, got ${shown(value)}`)
}

/** The pattern of a step: a text or a regular expression. */
export function patternOf(value: unknown, name: string): Json {
  const pattern = asObject(value, `${name}.pattern`)
  const text = textOf(pattern.Regex ?? pattern.String, `${name}.pattern (String or Regex)`)
  if (text === '') throw unsupportedTokenizer(`${name}.pattern must not be empty`)
  return pattern
}
