/** A special token in a `tokenizer.json`. */
export interface AddedTokenJson {
  /** Its id. */
  id: number
  /** Its text. */
  content: string
  /** Always false: it is found inside words too. */
  single_word: boolean
  /** Always false: white space before it is not swallowed. */
  lstrip: boolean
  /** Always false: white space after it is not swallowed. */
  rstrip: boolean
  /** Always false: it is looked for in the text as it is. */
  normalized: boolean
  /** Always true. */
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

/** The vocabulary and merges of a `tokenizer.json`. */
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

/** A Hugging Face `tokenizer.json` for byte-level BPE, as `tokenizers` of Python or JavaScript reads it. */
export interface TokenizerJson {
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
  model: BpeModelJson
}
