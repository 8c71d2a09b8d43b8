/**
 * How a file is divided into documents.
 *
 * | format | documents |
 * | --- | --- |
 * | `text`, `markdown` | the whole file is one, unchanged: front matter stays |
 * | `lines` | each line without its end; lines of white space are passed over |
 * | `paragraphs` | each block of lines between lines of white space |
 * | `jsonl` | each line is a JSON object; blank lines are passed over |
 * | `json` | each element of an array of records or strings; an object is one record |
 * | `csv`, `tsv` | each row below the header; blank lines are passed over |
 * | `parquet` | each row |
 */
export type TextFormat = 'text' | 'markdown' | 'lines' | 'paragraphs' | 'jsonl' | 'json' | 'csv' | 'tsv' | 'parquet'

/** How files are read. */
export interface ReadOptions {
  /**
   * The format; `auto`, the default, goes by the ending of the name, before `.gz` or `.zst`: `.jsonl` and `.ndjson`,
   * `.json`, `.csv`, `.tsv` and `.tab`, `.parquet`, `.md` and `.markdown`; everything else is `text`.
   */
  format?: 'auto' | TextFormat
  /**
   * Where a record has its text: the name of a field or column, or a path such as `page.text` or
   * `messages[0].content`. A field whose name is the whole of it wins. Default `text`.
   */
  textField?: string
  /** In `json`: where the array is, such as `data.rows`. Default: the file is the array. */
  recordsPath?: string
  /** What a record does that has no text or null in its place: stop with an error, the default, or be passed over. */
  missingText?: 'error' | 'skip'
  /** What text that is not Unicode does: stop with an error that says where, the default, or become U+FFFD. */
  invalidText?: 'error' | 'replace'
}

/** What the readers need to know of a reading, defaults filled in. */
export interface Reading extends Required<ReadOptions> {
  /** The function to name in errors. */
  readonly owner: string
  /** The file to name in errors. */
  readonly name: string
}
