/** Documents with a length from `from` to `to`. */
export interface LengthBin {
  /** The shortest length that counts. */
  from: number
  /** The longest. */
  to: number
  /** How many documents. */
  documents: number
}

/** How long documents are. */
export interface LengthSummary {
  /** Of the shortest. */
  least: number
  /** On average. */
  mean: number
  /** Of the longest. */
  most: number
  /** Lengths that double from one bin to the next, without a gap from the shortest to the longest. */
  bins: LengthBin[]
}

/** A document to look at. */
export interface DocumentSample {
  /** Its name. */
  name: string
  /** Its first characters. */
  text: string
  /** UTF-8 bytes of the whole document. */
  bytes: number
  /** Its tokens, without one that ends it; null without a tokenizer. */
  tokens: number | null
}

/** What documents are like. */
export interface DataInspection {
  /** How many there are. */
  documents: number
  /** UTF-8 bytes of their texts. */
  bytes: number
  /** Their tokens, without those that end documents; null without a tokenizer. */
  tokens: number | null
  /** Compression: `bytes / tokens`; null without a tokenizer or a token. */
  bytesPerToken: number | null
  /** How much of the vocabulary is used; null without a tokenizer. */
  vocabulary: {
    /** Ids there are. */
    size: number
    /** Ids that the documents have. */
    used: number
  } | null
  /** How long documents are. */
  lengths: {
    /** In UTF-8 bytes. */
    bytes: LengthSummary
    /** In tokens; null without a tokenizer. */
    tokens: LengthSummary | null
  }
  /** Documents whose whole text was there before. */
  duplicates: {
    /** How many. */
    documents: number
    /** Their bytes. */
    bytes: number
    /** Names of the first ones. */
    names: string[]
  }
  /** Documents drawn at random, each alike, in their order. */
  samples: DocumentSample[]
}

/** How documents are looked at. */
export interface InspectionOptions {
  /** How many documents to draw as samples; default 3. */
  samples?: number
  /** How many characters of a sample to keep; default 200. */
  sampleLength?: number
  /** Look at so many documents from the beginning, and no more; default all. */
  limit?: number
  /** A whole number from 0 that decides the samples; default 0. */
  seed?: number
  /** Called after each document with how many there were. */
  onProgress?: (documents: number) => void
}
