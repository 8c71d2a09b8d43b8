import { DataError } from '../data-error.js'
import type { ReadOptions, TextFormat } from './read-options.js'

const endings: Readonly<Record<TextFormat, readonly string[]>> = {
  text: ['.txt'],
  markdown: ['.md', '.markdown'],
  jsonl: ['.jsonl', '.ndjson'],
  parquet: ['.parquet'],
  json: ['.json'],
  csv: ['.csv'],
  tsv: ['.tsv', '.tab'],
  lines: [],
  paragraphs: [],
}
const formats = Object.keys(endings) as TextFormat[]

const compressedEnding = /\.(gz|gzip|zst|zstd)$/i
const unreadableEnding = /\.(7z|arrow|br|bz2|feather|lz4|lzma|orc|pkl|rar|tar|tgz|xz|zip)$/i
const tokensEnding = /\.(bin|tokens)$/i

/** How a file is stored and divided. */
export interface FileFormat {
  readonly format: TextFormat
  readonly compression: 'gzip' | 'zstd' | null
}

/** The format that is asked for, or that the name tells. */
export function fileFormat(owner: string, name: string, asked: NonNullable<ReadOptions['format']>): FileFormat {
  if (asked !== 'auto' && !formats.includes(asked)) {
    throw new DataError(
      'invalid-argument',
      `${owner}: format must be auto, ${formats.join(', ')}, got ${JSON.stringify(asked)}.`,
    )
  }
  const compressed = compressedEnding.exec(name)?.[1]?.toLowerCase()
  const stem = compressed === undefined ? name : name.replace(compressedEnding, '')
  const unreadable = unreadableEnding.exec(stem)
  if (unreadable && asked === 'auto') {
    throw new DataError(
      'unsupported-format',
      `${owner}: ${name} is not read: of compressed files gzip and zstd are, and no archives. Unpack it first, or ` +
        'name another format if the ending is wrong.',
    )
  }
  if (tokensEnding.test(stem) && asked === 'auto') {
    throw new DataError(
      'unsupported-format',
      `${owner}: ${name} is a file of tokens by its name, not of text. openTokenFile reads .bin files of nanoGPT and ` +
        "llm.c, openShards a prepared set with its .tokens files. If it is text all the same, give format: 'text'.",
    )
  }
  const lower = stem.toLowerCase()
  const format =
    asked === 'auto' ? (formats.find((one) => endings[one].some((end) => lower.endsWith(end))) ?? 'text') : asked
  const compression = compressed === undefined ? null : compressed.startsWith('g') ? 'gzip' : 'zstd'
  if (format === 'parquet' && compression !== null) {
    throw new DataError(
      'unsupported-format',
      `${owner}: ${name} is a parquet file in ${compression}, which cannot be read in parts. Unpack it first: parquet ` +
        'is compressed inside.',
    )
  }
  return { format, compression }
}

const usual: readonly TextFormat[] = ['text', 'markdown', 'jsonl', 'parquet']
const ofRecords: readonly TextFormat[] = ['jsonl', 'json', 'csv', 'tsv', 'parquet']

/**
 * Whether a file belongs to a collection of texts. Where `asked` is a format of records, its files do: a README beside
 * tables is no table. Where it is one of texts or `auto`, what often only describes the others does not: `.json` and
 * tables.
 */
export function isTextFile(name: string, asked: NonNullable<ReadOptions['format']>): boolean {
  const stem = name.toLowerCase().replace(compressedEnding, '')
  const wanted = ofRecords.find((format) => format === asked)
  return (wanted ? [wanted] : usual).some((format) => endings[format].some((end) => stem.endsWith(end)))
}

/** The endings of {@link isTextFile} as an error says that there are none, the most usual first. */
export function noSuchFile(asked: NonNullable<ReadOptions['format']>): string {
  const wanted = ofRecords.find((format) => format === asked)
  if (!wanted) return 'no .txt, .md or .jsonl file, nor a .markdown, .ndjson, .parquet, or one of these in .gz or .zst'
  return `no ${endings[wanted].join(' or ')} file${wanted === 'parquet' ? '' : ', also in .gz or .zst'}`
}
