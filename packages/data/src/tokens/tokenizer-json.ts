/** A token that is found in text before anything else is done with it, in a `tokenizer.json`. */
export interface AddedTokenJson {
  /** Its id. */
  id: number
  /** Its text. */
  content: string
  /** Whether it is found only between characters that are not of a word. Those that this package makes: false. */
  single_word: boolean
  /** Whether white space before it is swallowed. Those that this package makes: false. */
  lstrip: boolean
  /** Whether white space after it is swallowed. Those that this package makes: false. */
  rstrip: boolean
  /** Whether it is looked for after the normalizer, not in the text as it is. Those that this package makes: false. */
  normalized: boolean
  /** Whether it is a special token, such as the end of a document. Those that this package makes: true. */
  special: boolean
}

/** The byte-level step of a `tokenizer.json`, as pre-tokenizer and as decoder. */
export interface ByteLevelJson {
  /** Always `ByteLevel`. */
  type: 'ByteLevel'
  /** Always false: no space is put before the text. */
  add_prefix_space: boolean
  /** Only matters to a post-processor that reports offsets. */
  trim_offsets: boolean
  /** Always true: the text is cut into words with GPT-2's pattern first. */
  use_regex: boolean
}

/** The vocabulary and merges of a `tokenizer.json` for byte-level BPE. */
export interface BpeModelJson {
  /** Always `BPE`. */
  type: 'BPE'
  /** Always null: merges are never left out at random. */
  dropout: null
  /** Always null: with 256 bytes nothing is unknown. */
  unk_token: null
  /** Always null. */
  continuing_subword_prefix: null
  /** Always null. */
  end_of_word_suffix: null
  /** Always false. */
  fuse_unk: boolean
  /** Always false: the vocabulary holds every byte already. */
  byte_fallback: boolean
  /** Always false. */
  ignore_merges: boolean
  /** Ids by token, bytes written in GPT-2's byte alphabet. */
  vocab: Record<string, number>
  /** Merges, the first learned first: `"left right"`, the form that every version of the Python package reads. */
  merges: string[]
}

/** The contents of a Hugging Face `tokenizer.json`, as `tokenizers` of Python or JavaScript reads it. */
export interface TokenizerJson {
  /** The version of the format, `1.0`. */
  version?: string
  /** How texts are cut off; encoding here never does. */
  truncation?: unknown
  /** How texts are padded; encoding here never does. */
  padding?: unknown
  /** Tokens that are found in text before all else, the special ones among them. */
  added_tokens?: AddedTokenJson[]
  /** What changes the text first; null = nothing. */
  normalizer?: unknown
  /** What cuts the text into words; null = nothing. */
  pre_tokenizer?: unknown
  /** What puts tokens before and after a text; encoding here never does. */
  post_processor?: unknown
  /** How the tokens become text. */
  decoder?: unknown
  /** The vocabulary, with what makes tokens of words. */
  model: {
    /** `BPE`, `Unigram` or `WordPiece`. */
    type?: string
    /** Ids by token, or tokens with their scores in the order of the ids. */
    vocab: Record<string, number> | [token: string, score: number][]
    /** What else the model has, such as `merges`. */
    [key: string]: unknown
  }
}

/** A Hugging Face `tokenizer.json` for byte-level BPE, as this package writes it. */
export interface ByteLevelTokenizerJson extends TokenizerJson {
  /** Always `1.0`. */
  version: string
  /** Always null: texts are not cut off. */
  truncation: null
  /** Always null: texts are not padded. */
  padding: null
  /** The special tokens. */
  added_tokens: AddedTokenJson[]
  /** Always null: text is taken as it is. */
  normalizer: null
  /** Words, then bytes. */
  pre_tokenizer: ByteLevelJson
  /** Always null: no token is put before or after a text. */
  post_processor: null
  /** Bytes to text. */
  decoder: ByteLevelJson
  /** The vocabulary and merges. */
  model: BpeModelJson & Record<string, unknown>
}
