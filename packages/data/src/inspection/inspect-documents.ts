import type { TokenSource } from '../batches/token-source.js'
import { checkInteger } from '../check-integer.js'
import { randomGenerator } from '../random/random-generator.js'
import { DigestTable } from '../shards/digest-table.js'
import type { Document } from '../text/document.js'
import { countBytes } from '../tokens/count-bytes.js'
import type { Tokenizer } from '../tokens/tokenizer.js'
import type { DataInspection, DocumentSample, InspectionOptions } from './data-inspection.js'
import { lengthCounter } from './length-counter.js'
import { textDigest } from './text-digest.js'

/**
 * What documents are like: how many, how long, how well a tokenizer compresses them, which are there twice, and some of
 * them to read. A document is held at a time; for repeats 24 to 48 bytes of each are kept.
 *
 * @param documents - such as those of `streamDocuments`, or an array
 * @param tokenizer - what counts tokens; null counts none
 * @param options - see {@link InspectionOptions}
 * @throws {DataError} `invalid-argument` for a count that is none; what reading the documents throws
 */
export async function inspectDocuments(
  documents: AsyncIterable<Document> | Iterable<Document>,
  tokenizer: Tokenizer | null,
  options: InspectionOptions = {},
): Promise<DataInspection> {
  const inspector = createInspector('inspectDocuments', tokenizer?.vocabSize ?? null, options)
  if (inspector.isFull()) return inspector.inspection()
  for await (const { name, text } of documents) {
    inspector.add({ name, text, ids: tokenizer && tokenizer.encode(text) })
    if (inspector.isFull()) break
  }
  return inspector.inspection()
}

/**
 * The same of documents that are tokens already, such as a part of a prepared set.
 *
 * @param source - where the tokens are, for example of `openShards`
 * @param tokenizer - that of the tokens; their texts are what it decodes
 * @param endOfDocument - the id that ends documents and is none of their tokens; null = none does
 * @param options - see {@link InspectionOptions}
 * @throws {DataError} `invalid-argument` for a count that is none; `token-out-of-range` for another tokenizer's tokens;
 *   what reading throws
 */
export async function inspectTokens(
  source: TokenSource,
  tokenizer: Tokenizer,
  endOfDocument: number | null,
  options: InspectionOptions = {},
): Promise<DataInspection> {
  const inspector = createInspector('inspectTokens', tokenizer.vocabSize, options)
  for (let index = 0; index < source.documentCount && !inspector.isFull(); index++) {
    const start = source.documentStart(index)
    const tokens = new Int32Array(source.documentStart(index + 1) - start)
    source.read(start, tokens)
    const ids = tokens.at(-1) === endOfDocument ? tokens.subarray(0, -1) : tokens
    inspector.add({ name: `document ${index}`, text: tokenizer.decode(ids), ids })
  }
  return inspector.inspection()
}

interface InspectedDocument {
  name: string
  text: string
  ids: Int32Array | null
}

function createInspector(owner: string, vocabSize: number | null, options: InspectionOptions) {
  const { samples = 3, sampleLength = 200, limit = Infinity, seed = 0, onProgress } = options
  checkInteger(owner, 'samples', samples, 0)
  checkInteger(owner, 'sampleLength', sampleLength, 0)
  checkInteger(owner, 'seed', seed, 0)
  if (limit !== Infinity) checkInteger(owner, 'limit', limit, 0)
  const random = randomGenerator(seed)
  const [byteLengths, tokenLengths] = [lengthCounter(), lengthCounter()]
  const isUsed = new Uint8Array(vocabSize ?? 0)
  const met = new DigestTable()
  const duplicates = { documents: 0, bytes: 0, names: [] as string[] }
  const drawn: (DocumentSample & { index: number })[] = []
  let [documents, bytes, tokens, used] = [0, 0, 0, 0]

  /** Keeps each document with the same chance, without knowing how many will come (reservoir sampling). */
  const draw = (sample: () => DocumentSample): void => {
    const place = documents < samples ? documents : random.below(documents + 1)
    if (place < samples) drawn[place] = { index: documents, ...sample() }
  }

  return {
    isFull: () => documents >= limit,
    add({ name, text, ids }: InspectedDocument): void {
      const length = countBytes(text)
      const tokenLength = ids?.length ?? null
      draw(() => ({ name, text: beginningOf(text, sampleLength), bytes: length, tokens: tokenLength }))
      byteLengths.add(length)
      bytes += length
      if (ids !== null) {
        tokenLengths.add(ids.length)
        tokens += ids.length
        for (const id of ids) {
          used += 1 - isUsed[id]!
          isUsed[id] = 1
        }
      }
      if (!met.add(textDigest(text))) {
        duplicates.documents++
        duplicates.bytes += length
        if (duplicates.names.length < namesKept) duplicates.names.push(name)
      }
      documents++
      onProgress?.(documents)
    },
    inspection: (): DataInspection => ({
      ...{ documents, bytes, tokens: vocabSize === null ? null : tokens },
      bytesPerToken: tokens === 0 ? null : bytes / tokens,
      vocabulary: vocabSize === null ? null : { size: vocabSize, used },
      lengths: { bytes: byteLengths.summary(), tokens: vocabSize === null ? null : tokenLengths.summary() },
      duplicates,
      samples: drawn
        .sort((one, other) => one.index - other.index)
        .map(({ name, text, bytes, tokens }) => ({ name, text, bytes, tokens })),
    }),
  }
}

const namesKept = 5

/** Never half of a character that takes two units. */
function beginningOf(text: string, length: number): string {
  return Array.from(text.slice(0, 2 * length))
    .slice(0, length)
    .join('')
}
