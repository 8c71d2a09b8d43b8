import { checkInteger } from '../check-integer.js'
import { DataError } from '../data-error.js'
import { randomGenerator } from '../random/random-generator.js'
import { randomPermutation } from '../random/random-permutation.js'
import type { Document } from './document.js'

/** How {@link splitDocuments} divides. */
export interface SplitOptions {
  /**
   * `position`: the end of the whole text is for validation, one document may be cut in two.
   * `document`: whole documents, chosen by `seed`.
   */
  by: 'document' | 'position'
  /** The share of the characters (UTF-16 code units) for validation, above 0 and below 1. */
  validationShare: number
  /** For `by: 'document'`: a whole number from 0 that chooses the documents. Default 0. */
  seed?: number
}

/** The two parts of a text. */
export interface DocumentSplit {
  /** What the model learns from. */
  train: Document[]
  /** What it is measured on; no character of it is in `train`. */
  validation: Document[]
}

/**
 * Divides documents into a training and a validation part; neither is ever empty.
 *
 * - `by: 'position'`: cuts the concatenated text at exactly 1 − `validationShare` of its characters, never inside a
 *   surrogate pair, then moves forward to the next white space or document end, if there is one before the very end.
 *   The white space goes to validation. A document that was cut is in both parts under one name.
 * - `by: 'document'`: takes documents in a random order that depends on `seed` alone until they hold at least
 *   `validationShare` of the characters, and stops before the last one. Both parts keep the order of `documents`.
 *
 * @throws {DataError} `invalid-argument` for a share or seed out of range; `text-too-short` if one part would be empty
 */
export function splitDocuments(documents: readonly Document[], options: SplitOptions): DocumentSplit {
  const { by, validationShare, seed = 0 } = options
  if (!(validationShare > 0 && validationShare < 1)) {
    throw new DataError(
      'invalid-argument',
      `splitDocuments: validationShare must be above 0 and below 1, got ${validationShare}. ` +
        'Without a validation part there is nothing to split: use the documents as they are.',
    )
  }
  checkInteger('splitDocuments', 'seed', seed, 0)
  const split =
    by === 'position' ? splitByPosition(documents, validationShare) : splitByDocument(documents, validationShare, seed)
  const [trainLength, validationLength] = [countCharacters(split.train), countCharacters(split.validation)]
  if (trainLength === 0 || validationLength === 0) {
    throw new DataError(
      'text-too-short',
      `splitDocuments: both parts need text, but with validationShare ${validationShare} the split by ${by} of ` +
        `${documents.length} documents (${trainLength + validationLength} characters) gives ${trainLength} ` +
        `characters for training and ${validationLength} for validation. ` +
        (by === 'document' ? "Bring more documents, or split by: 'position'." : 'Bring more text.'),
    )
  }
  return split
}

function countCharacters(documents: readonly Document[]): number {
  return documents.reduce((sum, { text }) => sum + text.length, 0)
}

function splitByPosition(documents: readonly Document[], validationShare: number): DocumentSplit {
  const total = countCharacters(documents)
  let offset = Math.floor(total * (1 - validationShare))
  const index = documents.findIndex(({ text }) => {
    if (offset < text.length) return true
    offset -= text.length
    return false
  })
  const document = documents[index]
  if (document === undefined) return { train: [...documents], validation: [] }

  const isLast = countCharacters(documents.slice(index + 1)) === 0
  const cut = tidyCut(document.text, offset, isLast)
  const piece = (text: string): Document[] => (text === '' ? [] : [{ text, name: document.name }])
  return {
    train: [...documents.slice(0, index), ...piece(document.text.slice(0, cut))],
    validation: [...piece(document.text.slice(cut)), ...documents.slice(index + 1)],
  }
}

/** Where `text` is cut, at or after `offset`; never at the end of the last document, which would leave nothing. */
function tidyCut(text: string, offset: number, isLast: boolean): number {
  if (offset === 0) return 0
  const insidePair = /[\uD800-\uDBFF]/.test(text[offset - 1]!) && /[\uDC00-\uDFFF]/.test(text[offset]!)
  const exact = insidePair ? offset + 1 : offset
  const whiteSpace = /\s/g
  whiteSpace.lastIndex = exact
  const found = whiteSpace.exec(text)
  if (found !== null) return found.index
  return isLast ? exact : text.length
}

function splitByDocument(documents: readonly Document[], validationShare: number, seed: number): DocumentSplit {
  const wanted = countCharacters(documents) * validationShare
  const chosen = new Set<number>()
  let length = 0
  for (const index of randomPermutation(documents.length, randomGenerator(seed)).subarray(1)) {
    if (length >= wanted) break
    chosen.add(index)
    length += documents[index]!.text.length
  }
  return {
    train: documents.filter((_, index) => !chosen.has(index)),
    validation: documents.filter((_, index) => chosen.has(index)),
  }
}
