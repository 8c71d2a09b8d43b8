/** A file as the readers see it, wherever it is. */
export interface StoredFile {
  /** For messages, and for the ending. */
  readonly name: string
  /** As stored, in bytes; null where it is unknown. */
  readonly byteLength: number | null
  /** Its bytes from the beginning. */
  stream(): AsyncIterable<Uint8Array>
  /** The bytes from `start` to before `end`; null for what can only be streamed. */
  readonly slice: ((start: number, end: number) => Promise<ArrayBuffer>) | null
}

/** Takes gzip apart: one member after the other, until the end. */
export type Gunzip = (compressed: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>
