import { alphabetToBytes } from '../byte-alphabet.js'
import { asObject, shown, unsupportedTokenizer, type Json } from '../check-tokenizer-json.js'
import { listOf, patternOf, textOf } from './library-normalizer.js'

/** How the tokens of a `tokenizer.json` become text. */
export interface TokenText {
  /** The bytes of a token inside a text. */
  bytesOf: (token: string) => Uint8Array
  /** What is different at the beginning of a text: the bytes there of what the bytes would be elsewhere. */
  atStart: (bytes: Uint8Array) => Uint8Array
}

type Part = string | Uint8Array

/** A decoder in the making: what each token becomes, and how many of which character go at the start of the text. */
interface Steps {
  parts: ((part: string) => Part)[]
  leading: { character: string; count: number } | null
  isFused: boolean
}

/**
 * Reads the decoder of a `tokenizer.json`: those that change each token by itself and take something away at the start
 * of the text.
 *
 * @throws {DataError} `unsupported-tokenizer` for any other
 */
export function tokenText(decoder: unknown): TokenText {
  const steps: Steps = { parts: [], leading: null, isFused: false }
  addDecoder(steps, asObject(decoder, 'decoder'), 'decoder')
  const encoder = new TextEncoder()
  const { character, count } = steps.leading ?? { character: '', count: 0 }
  const lead = encoder.encode(character)
  return {
    bytesOf(token) {
      let part: Part = token
      for (const step of steps.parts) if (typeof part === 'string') part = step(part)
      return typeof part === 'string' ? encoder.encode(part) : part
    },
    atStart(bytes) {
      let start = 0
      for (let index = 0; index < count; index++) {
        if (!lead.every((byte, offset) => bytes[start + offset] === byte)) break
        start += lead.length
      }
      return bytes.subarray(start)
    },
  }
}

function addDecoder(steps: Steps, step: Json, name: string): void {
  const refuse = () => unsupportedTokenizer(`${name} is ${shown(step)}, which is not read`)
  if (steps.isFused && step.type !== 'Strip' && step.type !== 'Fuse') throw refuse()
  switch (step.type) {
    case 'Sequence':
      for (const [index, inner] of listOf(step.decoders, `${name}.decoders`).entries()) {
        addDecoder(steps, asObject(inner, `${name}.decoders[${index}]`), `${name}.decoders[${index}]`)
      }
      return
    case 'ByteLevel':
      steps.parts.push((part) => alphabetToBytes(part) ?? part)
      return
    case 'ByteFallback':
      steps.parts.push((part) => {
        const hexadecimal = /^<0x([0-9A-Fa-f]{2})>$/.exec(part)?.[1]
        return hexadecimal === undefined ? part : Uint8Array.of(parseInt(hexadecimal, 16))
      })
      return
    case 'Fuse':
      steps.isFused = true
      return
    case 'Replace': {
      const { String: text } = patternOf(step.pattern, name)
      if (typeof text !== 'string') throw refuse()
      const content = textOf(step.content, `${name}.content`)
      steps.parts.push((part) => part.replaceAll(text, () => content))
      return
    }
    case 'Metaspace': {
      const replacement = textOf(step.replacement ?? '▁', `${name}.replacement`)
      steps.parts.push((part) => part.replaceAll(replacement, ' '))
      const isPrepended = (step.prepend_scheme ?? (step.add_prefix_space === false ? 'never' : 'always')) !== 'never'
      if (isPrepended) takeLeading(steps, ' ', 1, refuse)
      return
    }
    case 'Strip':
      if (!steps.isFused || step.stop !== 0 || typeof step.start !== 'number') throw refuse()
      takeLeading(steps, textOf(step.content, `${name}.content`), step.start, refuse)
      return
    case 'WordPiece': {
      const prefix = textOf(step.prefix ?? '##', `${name}.prefix`)
      const cleanUp = step.cleanup === false ? (part: string) => part : withoutExtraSpaces
      steps.parts.push((part) => cleanUp(part.startsWith(prefix) ? part.slice(prefix.length) : ` ${part}`))
      takeLeading(steps, ' ', 1, refuse)
      return
    }
    default:
      throw refuse()
  }
}

function takeLeading(steps: Steps, character: string, count: number, refuse: () => Error): void {
  if (steps.leading !== null || [...character].length !== 1) throw refuse()
  steps.leading = { character, count }
}

/** What `cleanup` of a WordPiece decoder takes away before punctuation and endings. */
function withoutExtraSpaces(part: string): string {
  return part
    .replaceAll(' .', '.')
    .replaceAll(' ?', '?')
    .replaceAll(' !', '!')
    .replaceAll(' ,', ',')
    .replaceAll(" ' ", "'")
    .replaceAll(" n't", "n't")
    .replaceAll(" 'm", "'m")
    .replaceAll(' do not', " don't")
    .replaceAll(" 's", "'s")
    .replaceAll(" 've", "'ve")
    .replaceAll(" 're", "'re")
}
