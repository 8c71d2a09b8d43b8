/** One text: a book, a chapter, a web page. */
export interface Document {
  /** The text itself. */
  text: string
  /** Where it came from, for messages: a path, `file.jsonl:12`, `some-module[3]`. */
  name: string
}
