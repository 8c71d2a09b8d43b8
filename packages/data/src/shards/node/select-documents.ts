import { createHash } from 'node:crypto'
import { DataError } from '../../data-error.js'
import type { DocumentInput } from '../../text/document-input.js'
import type { DigestTable } from '../digest-table.js'
import type { SplitName } from '../shard-manifest.js'
import { expectNotStopped } from './expect-not-stopped.js'

/** An input, and the split that all of its documents belong to; null = the documents are divided. */
export interface SplitInput {
  input: DocumentInput
  split: SplitName | null
}

/** A place in a row of inputs, and what was met on the way there, as plain JSON. */
export interface SelectionPosition {
  /** Number of the input. */
  input: number
  /** Number of the document in it that comes next. */
  document: number
  /** Documents that were kept. */
  kept: number
  /** Documents without a character. */
  empty: number
  /** Documents whose text was there before. */
  duplicates: number
}

/** A document that is kept. */
export interface SelectedDocument {
  text: string
  name: string
  split: SplitName
  /** 16 bytes of SHA-256 of its text; null where repeats are kept too. */
  digest: Uint8Array | null
  /** The place after it. */
  position: SelectionPosition
  /** Bytes of all inputs that were read, as stored. */
  bytesRead: number
}

/** How documents are chosen. */
export interface Selection {
  /** The split of the kept document of a number, for inputs that are divided. */
  splitOf: (kept: number) => SplitName
  /** The texts that were met so far, to leave out repeats; null keeps them. */
  met: DigestTable | null
  /** Where to begin. */
  from: SelectionPosition
  /** Called before each document with the bytes of all inputs that were read. */
  onRead?: (bytesRead: number) => void
  /** When it aborts, the next document throws `aborted`, whether it would be kept or not. */
  signal?: AbortSignal | undefined
}

/** The first place of all. */
export const firstPosition: SelectionPosition = { input: 0, document: 0, kept: 0, empty: 0, duplicates: 0 }

/**
 * Yields the documents of some inputs in their order, without those that have no character and, if asked, without
 * exact repeats. With the same inputs it yields the same from any place on.
 *
 * @returns the last place
 */
export async function* selectDocuments(
  inputs: readonly SplitInput[],
  { splitOf, met, from, onRead, signal }: Selection,
): AsyncGenerator<SelectedDocument, SelectionPosition, void> {
  const position = { ...from }
  const sizes = inputs.map(({ input }) => input.byteLength ?? 0)
  let bytesBefore = sizes.slice(0, from.input).reduce((sum, size) => sum + size, 0)
  for (; position.input < inputs.length; position.input++) {
    const { input, split } = inputs[position.input]!
    let skip = position.document
    let read = 0
    const track = (bytes: number): void => {
      read = bytes
      onRead?.(bytesBefore + read)
    }
    for await (const { text, name } of input.documents(track)) {
      expectNotStopped(signal)
      if (skip > 0) {
        skip--
        continue
      }
      position.document++
      if (text === '') {
        position.empty++
        continue
      }
      const digest = met === null ? null : createHash('sha256').update(text).digest().subarray(0, 16)
      if (digest !== null && !met!.add(digest)) {
        position.duplicates++
        continue
      }
      const own = split ?? splitOf(position.kept)
      position.kept++
      yield { text, name, split: own, digest, position: { ...position }, bytesRead: bytesBefore + read }
    }
    if (skip > 0) {
      throw new DataError(
        'different-preparation',
        `prepareShards: ${input.name} has ${skip} documents less than when the preparation began. Restore it, or ` +
          'begin anew with restart.',
      )
    }
    bytesBefore += sizes[position.input]!
    position.document = 0
  }
  return position
}

/** Documents that are in memory, as an input. */
export function memoryInput(name: string, documents: readonly { text: string; name: string }[]): DocumentInput {
  const byteLength = documents.reduce((sum, { text }) => sum + text.length, 0)
  return {
    name,
    byteLength,
    async *documents(onProgress) {
      let read = 0
      for (const document of documents) {
        read += document.text.length
        onProgress?.(read)
        yield document
      }
    },
  }
}
