import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DataError, readBlob, type DataErrorCode, type Document, type ReadOptions } from '../src/index.js'
import { openSource, readDocuments, type DocumentSource } from '../src/node.js'

// What goes wrong with data, and what a reader makes of it: an error that says where and what to do, or the result that
// the documentation promises.

type Options = ReadOptions
type Contents = string | Uint8Array
interface Refused {
  file: string
  contents: Contents
  code: DataErrorCode
  message: RegExp
  options?: Options
}
interface Accepted {
  file: string
  contents: Contents
  texts: string[]
  options?: Options
}

let root = ''
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'swat-malformed-'))
})
afterAll(() => rm(root, { recursive: true }))

const at = (name: string): string => join(root, name)
async function write(name: string, contents: Contents): Promise<string> {
  await mkdir(dirname(at(name)), { recursive: true })
  await writeFile(at(name), contents)
  return at(name)
}
async function refusal(source: DocumentSource): Promise<DataError> {
  const error: unknown = await readDocuments(source).then(
    (documents) => `${documents.length} documents`,
    (reason: unknown) => reason,
  )
  if (!(error instanceof DataError)) throw new Error(`expected a DataError, got ${String(error)}`)
  return error
}
const textsOf = (documents: readonly Document[]): string[] => documents.map(({ text }) => text)
const bytes = (...parts: (string | number | Uint8Array)[]): Uint8Array =>
  Buffer.concat(
    parts.map((part) =>
      typeof part === 'string' ? Buffer.from(part) : typeof part === 'number' ? Uint8Array.of(part) : part,
    ),
  )
const fixture = (name: string): Buffer => readFileSync(join(import.meta.dirname, 'fixtures', name))

const line = '{"text":"one"}\n'
const gzip = gzipSync('one\ntwo\n')
const zstd = fixture('records.jsonl.zst')
const parquet = fixture('parquet/pyarrow-none-page-1.parquet')
const wrongChecksum = Buffer.from(gzip)
wrongChecksum[wrongChecksum.length - 6]! ^= 1
const brokenFooter = Buffer.from(parquet)
brokenFooter.fill(0xff, parquet.length - 200, parquet.length - 8)
const longFooter = Buffer.from(parquet)
longFooter.writeUInt32LE(0x7fffffff, parquet.length - 8)
const emptyPages = Buffer.from(parquet)
emptyPages.fill(0, 4, 3000)
// The codec of every column chunk is the third field of its metadata after the path: LZO is 3, there is no 9.
const withCodec = (codec: number): Buffer => {
  const changed = Buffer.from(fixture('parquet/pyarrow-snappy-page-1.parquet'))
  const footer = changed.length - 8 - changed.readUInt32LE(changed.length - 8)
  const path = Buffer.from([0x19, 0x18, 4, ...Buffer.from('text'), 0x15])
  for (let found = changed.indexOf(path, footer); found !== -1; found = changed.indexOf(path, found + 1)) {
    changed[found + path.length] = codec * 2
  }
  return changed
}

describe('compression', () => {
  const code = 'invalid-compression'
  const refused: Record<string, Refused> = {
    'gzip cut off': {
      ...{ file: 'cut.txt.gz', contents: gzip.subarray(0, gzip.length - 12), code },
      message: /cut\.txt\.gz ends inside its gzip data, after \d+ bytes\. Get the whole file again/,
    },
    'zstd with a window of 2 GiB': {
      ...{ file: 'long.txt.zst', contents: bytes(0x28, 0xb5, 0x2f, 0xfd, 0, 21 << 3, 1, 0, 0), code },
      message: /long\.txt\.zst needs a larger window than is read.*without --long and --ultra/,
    },
    'zstd with a window of 3.5 GiB': {
      ...{ file: 'longer.txt.zst', contents: bytes(0x28, 0xb5, 0x2f, 0xfd, 0, (21 << 3) | 6, 1, 0, 0), code },
      message: /longer\.txt\.zst needs a larger window/,
    },
    'gzip without its last bytes': {
      ...{ file: 'tail.txt.gz', contents: gzip.subarray(0, gzip.length - 3), code },
      message: /ends inside its gzip data/,
    },
    'garbage after gzip': {
      ...{ file: 'garbage.txt.gz', contents: bytes(gzip, 'garbage'), code },
      message: /goes on with something else|not gzip data, or damaged/,
    },
    'garbage after gzip and zeros': {
      ...{ file: 'zeros.txt.gz', contents: bytes(gzip, new Uint8Array(100), 'garbage'), code },
      message: /what follows after 28 bytes is not gzip/,
    },
    'a wrong checksum of gzip': {
      ...{ file: 'sum.txt.gz', contents: wrongChecksum, code },
      message: /sum\.txt\.gz is .*damaged.*: incorrect data check/,
    },
    'plain text that is called .gz': {
      ...{ file: 'plain.txt.gz', contents: 'one\n', code },
      message: /plain\.txt\.gz is not gzip data.*incorrect header check.*take \.gz off its name/,
    },
    'an empty file that is called .gz': {
      ...{ file: 'empty.txt.gz', contents: '', code },
      message: /ends inside its gzip data, after 0 bytes/,
    },
    'gzip that is called .txt': {
      ...{ file: 'gzip.txt', contents: gzip, code: 'invalid-utf8' },
      message: /gzip\.txt is not UTF-8 but gzip data: it begins with 0x1f 0x8b 0x08 at byte 0\. End its name in \.gz/,
    },
    'zstd that is called .jsonl': {
      ...{ file: 'zstd.jsonl', contents: zstd, code: 'invalid-utf8' },
      message: /zstd\.jsonl is not UTF-8 but zstd data.*End its name in \.zst/,
    },
    'zstd cut off': {
      ...{ file: 'cut.jsonl.zst', contents: zstd.subarray(0, zstd.length - 20), code },
      message: /cut\.jsonl\.zst ends inside its zstd data, after 761 bytes\. Get the whole file again/,
    },
    'zstd without its last byte': {
      ...{ file: 'tail.jsonl.zst', contents: zstd.subarray(0, zstd.length - 1), code },
      message: /ends inside its zstd data/,
    },
    'garbage after zstd': {
      ...{ file: 'garbage.jsonl.zst', contents: bytes(zstd, 'garbage and more of it'), code },
      message: /garbage\.jsonl\.zst is not zstd data, or damaged: invalid zstd data near byte/,
    },
    'plain text that is called .zst': {
      ...{ file: 'plain.txt.zst', contents: 'one and two and three\n', code },
      message: /is not zstd data, or damaged.*take \.zst off its name/,
    },
    'an archive': {
      ...{ file: 'texts.tar.gz', contents: gzip, code: 'unsupported-format' },
      message: /texts\.tar\.gz is not read: of compressed files gzip and zstd are, and no archives\. Unpack it first/,
    },
    'tokens of nanoGPT': {
      ...{ file: 'train.bin', contents: 'abcd', code: 'unsupported-format' },
      message: /train\.bin is a file of tokens by its name, not of text\. openTokenFile reads .*give format: 'text'\.$/,
    },
    'tokens of a prepared set in gzip': {
      ...{ file: 'train-00000.TOKENS.gz', contents: gzip, code: 'unsupported-format' },
      message: /is a file of tokens by its name.*openShards a prepared set/,
    },
    'another compression': {
      ...{ file: 'texts.jsonl.xz', contents: 'x', code: 'unsupported-format' },
      message: /texts\.jsonl\.xz is not read/,
    },
    'parquet in gzip': {
      ...{ file: 'rows.parquet.gz', contents: gzipSync(parquet), code: 'unsupported-format' },
      message: /parquet file in gzip.*Unpack it first/,
    },
  }
  testRefused(refused)
  testAccepted({
    'several members of gzip': { file: 'members.txt.gz', contents: bytes(gzip, gzip), texts: ['one\ntwo\none\ntwo\n'] },
    'gzip filled up with zeros': {
      file: 'tape.txt.gz',
      contents: bytes(gzip, new Uint8Array(600)),
      texts: ['one\ntwo\n'],
    },
    'several frames of zstd': {
      ...{ file: 'frames.jsonl.zst', contents: bytes(zstd, zstd) },
      texts: [...zstdTexts(), ...zstdTexts()],
    },
    'text that is called .bin': { file: 'text.bin', contents: 'one', texts: ['one'], options: { format: 'text' } },
    'endings in capitals': { file: 'CAPITALS.JSONL.GZ', contents: gzipSync(line), texts: ['one'] },
  })
})

describe('encoding', () => {
  const code = 'invalid-utf8'
  testRefused({
    'an overlong form': {
      ...{ file: 'overlong.txt', contents: bytes('abc', 0xc0, 0xaf), code },
      message: /overlong\.txt is not UTF-8: 0xc0 at byte 3\. Convert it first.*invalidText: 'replace'/,
    },
    'Latin-1 in gzip: the position in the text': {
      ...{ file: 'latin.txt.gz', contents: gzipSync(bytes('x'.repeat(100_000), 0xe9, ' y')), code },
      message: /latin\.txt\.gz is not UTF-8: 0xe9 at byte 100000\./,
    },
    'Latin-1 behind a byte order mark in JSON': {
      ...{ file: 'latin.json', contents: bytes('\ufeff[{"text":"caf', 0xe9, '"}]'), code },
      message: /0xe9 at byte 16/,
    },
    'Latin-1 in CSV': {
      ...{ file: 'latin.csv', contents: bytes('id,text\n1,caf', 0xe9, '\n'), code },
      message: /latin\.csv is not UTF-8: 0xe9 at byte 13/,
    },
    'UTF-16, little endian': {
      ...{ file: 'utf-16.txt', contents: bytes(0xff, 0xfe, 'o', 0, 'n', 0, 'e', 0), code },
      message: /not UTF-8 but UTF-16: it begins with 0xff 0xfe at byte 0\. Convert it first: iconv -f UTF-16 -t UTF-8/,
    },
    'UTF-16, big endian, though replacement is asked for': {
      ...{ file: 'utf-16.jsonl', contents: bytes(0xfe, 0xff, 0, '{'), code, options: { invalidText: 'replace' } },
      message: /not UTF-8 but UTF-16/,
    },
    'half a character at the end': {
      ...{ file: 'half.jsonl', contents: bytes('{"text":"one"}\n{"text":"', 0xf0, 0x9f), code },
      message: /half\.jsonl is not UTF-8: 0xf0 at byte 24/,
    },
    'a lone surrogate in an escape of JSON lines': {
      ...{ file: 'lone.jsonl', contents: `${line}{"text":"ab\\ud800c"}\n`, code },
      message: /lone\.jsonl:2: the text has a lone surrogate, \\ud800, at character 2.*invalidText: 'replace'/,
    },
    'a lone surrogate in JSON': {
      ...{ file: 'lone.json', contents: '[{"text":"x"},"\\udc00"]', code },
      message: /lone\.json\[1\]: the text has a lone surrogate, \\udc00, at character 0/,
    },
    'bytes of parquet that are not text': {
      ...{ file: 'binary.parquet', contents: withInvalidText(), code },
      message: /the text of .*binary\.parquet\[81\] is not UTF-8: 0xff at byte 0\./,
    },
  })
  testAccepted({
    replacement: {
      ...{
        file: 'replaced.txt',
        contents: bytes('caf', 0xe9, ' ', 0xc0, 0xaf, '!'),
        options: { invalidText: 'replace' },
      },
      texts: ['caf\ufffd \ufffd\ufffd!'],
    },
    'replacement of a lone surrogate': {
      ...{ file: 'replaced.jsonl', contents: '{"text":"\\ud800 \\ud83d\\udc0b"}', options: { invalidText: 'replace' } },
      texts: ['\ufffd 🐋'],
    },
    'a byte order mark before text': { file: 'mark.txt', contents: '\ufeffone', texts: ['one'] },
    'a byte order mark before JSON lines': { file: 'mark.jsonl', contents: `\ufeff${line}`, texts: ['one'] },
    'a byte order mark before JSON': { file: 'mark.json', contents: '\ufeff["one"]', texts: ['one'] },
    'a byte order mark before CSV': { file: 'mark.csv', contents: '\ufefftext\none\n', texts: ['one'] },
    'NUL, which is a character': { file: 'nul.txt', contents: 'a\0b', texts: ['a\0b'] },
    'NUL in lines': { file: 'nul.log', contents: 'a\0b\n\0\n', texts: ['a\0b', '\0'], options: { format: 'lines' } },
  })
})

describe('places of texts in a format that has none', () => {
  const code = 'invalid-argument'
  testRefused({
    'a field of lines': {
      ...{ file: 'lines.txt', contents: 'one', code, options: { format: 'lines', textField: 'body' } },
      message: /textField is for jsonl, json, csv, tsv and parquet, but format is 'lines'\. Leave out one of them/,
    },
    'a path to records in tables': {
      ...{ file: 'rows.csv', contents: 'text\none\n', code, options: { format: 'csv', recordsPath: 'data' } },
      message: /recordsPath is for json, but format is 'csv'/,
    },
  })

  test('a folder may have files with such places and files without', async () => {
    await write('mixed/a.txt', 'one')
    await write('mixed/b.jsonl', '{"body":"two"}')
    const options = { textField: 'body', recordsPath: 'data' } as const
    expect(textsOf(await readDocuments({ path: at('mixed'), ...options }))).toEqual(['one', 'two'])
  })
})

describe('lines, paragraphs and whole files', () => {
  testRefused({
    'an empty file': {
      file: 'empty.txt',
      contents: '',
      code: 'empty-text',
      message: /empty\.txt has no text\. Remove it/,
    },
    'only blank lines': {
      ...{ file: 'blank.txt', contents: '\n \r\n\t\n', code: 'empty-text', options: { format: 'lines' } },
      message: /blank\.txt has no text/,
    },
    'a format that there is not': {
      ...{ file: 'some.txt', contents: 'x', code: 'invalid-argument', options: { format: 'xml' as 'text' } },
      message: /format must be auto, text, markdown, .*got "xml"/,
    },
    'a choice that there is not': {
      ...{ file: 'some.txt', contents: 'x', code: 'invalid-argument', options: { invalidText: 'ignore' as 'error' } },
      message: /invalidText must be 'error' or 'replace', got "ignore"/,
    },
  })
  testAccepted({
    'CRLF in a whole file stays': { file: 'crlf.txt', contents: 'one\r\ntwo\r\n', texts: ['one\r\ntwo\r\n'] },
    'CRLF ends lines': {
      ...{ file: 'crlf.txt', contents: 'one\r\n\r\n two \r\nthree', options: { format: 'lines' } },
      texts: ['one', ' two ', 'three'],
    },
    'CR alone ends no line': {
      ...{ file: 'cr.txt', contents: 'one\rtwo\nthree', options: { format: 'lines' } },
      texts: ['one\rtwo', 'three'],
    },
    paragraphs: {
      ...{
        file: 'paragraphs.txt',
        contents: '\n\none\ntwo\n \t\n\nthree\r\nfour\r\n\r\nfive',
        options: { format: 'paragraphs' },
      },
      texts: ['one\ntwo', 'three\r\nfour', 'five'],
    },
    'front matter stays': {
      file: 'page.md',
      contents: '---\ntitle: x\n---\n# One\n',
      texts: ['---\ntitle: x\n---\n# One\n'],
    },
    'an ending that says nothing': { file: 'texts.unknown', contents: 'one', texts: ['one'] },
  })

  test.each(['text', 'lines', 'paragraphs', 'jsonl'] as const)('%s: a line of 1 GB', async (format) => {
    const chunk = new Uint8Array(2 ** 20).fill(0x61)
    let taken = 0
    const endless = async function* (): AsyncGenerator<Uint8Array> {
      for (; taken < 1024; taken++) yield chunk
    }
    const before = process.memoryUsage()
    const read = async (): Promise<void> => {
      for await (const document of readBlob(endless(), { name: 'endless', format })) expect.unreachable(document.name)
    }
    await expect(read()).rejects.toMatchObject({
      code: 'unreadable-file',
      message: expect.stringMatching(/endless.* more than 536870888 bytes.*the most that one document can have/),
    })
    const after = process.memoryUsage()
    expect(taken).toBe(511)
    expect(after.heapUsed + after.external - before.heapUsed - before.external).toBeLessThan(2 ** 26)
  })
})

describe('JSON lines', () => {
  testRefused({
    'a line that is cut off': {
      ...{ file: 'cut.jsonl', contents: `${line}{"text":"tw`, code: 'invalid-json' },
      message: /cut\.jsonl:2 is not JSON: .*The line begins at byte 15\./,
    },
    'an array': {
      file: 'array.jsonl',
      contents: '["one"]\n',
      code: 'missing-field',
      message: /array\.jsonl:1 .*got an array/,
    },
    'a number': {
      file: 'number.jsonl',
      contents: `${line}7\n`,
      code: 'missing-field',
      message: /number\.jsonl:2 .*a number/,
    },
    'records that end in CR, which divides no lines': {
      ...{ file: 'cr.jsonl', contents: '{"text":"one"}\r{"text":"two"}\r', code: 'invalid-json' },
      message: /cr\.jsonl:1 is not JSON/,
    },
    'a path that leads nowhere': {
      ...{ file: 'path.jsonl', contents: '{"page":{"body":"x"}}', code: 'missing-field' },
      ...{ options: { textField: 'page.text' }, message: /'page\.text', but it is not there\. The fields are: page\./ },
    },
    'a path to what is no text': {
      ...{ file: 'path.jsonl', contents: '{"page":{"text":["x"]}}', code: 'missing-field' },
      ...{ options: { textField: 'page.text' }, message: /it is not a string \(object\)/ },
    },
    'JSON that is called .jsonl': {
      ...{ file: 'whole.jsonl', contents: '[\n  {"text":"one"}\n]', code: 'invalid-json' },
      message: /whole\.jsonl:1 is not JSON/,
    },
  })
  testAccepted({
    'blank lines': { file: 'blank.jsonl', contents: `\n\n${line}  \r\n\n`, texts: ['one'] },
    'an empty document': { file: 'hollow.jsonl', contents: `{"text":""}\n${line}`, texts: ['', 'one'] },
    'records without text that are passed over': {
      ...{ file: 'gaps.jsonl', contents: `{"text":null}\n{}\n${line}`, options: { missingText: 'skip' } },
      texts: ['one'],
    },
    'a path, and a name with a dot that wins': {
      ...{ file: 'dots.jsonl', contents: '{"a":{"b":"path"}}\n{"a.b":"name","a":{"b":"path"}}' },
      ...{ options: { textField: 'a.b' }, texts: ['path', 'name'] },
    },
    'messages of a chat': {
      ...{ file: 'chat.jsonl', contents: '{"messages":[{"content":"hello"},{"content":"you"}]}' },
      ...{ options: { textField: 'messages[1].content' }, texts: ['you'] },
    },
    'nesting without end beside the text': {
      ...{ file: 'deep.jsonl', contents: `{"deep":${'['.repeat(1e5)}${']'.repeat(1e5)},"text":"one"}`, texts: ['one'] },
    },
  })
})

describe('JSON', () => {
  const code = 'invalid-json'
  testRefused({
    'a comma too many': {
      ...{ file: 'comma.json', contents: '[{"text":"one"},]', code },
      message: /comma\.json is not JSON: unexpected "\]" at byte 16/,
    },
    'an array that is cut off': {
      ...{ file: 'cut.json', contents: '[{"text":"one"},{"text":"t', code },
      message: /cut\.json is not JSON: .*ended/i,
    },
    'an array without its end': {
      ...{ file: 'open.json', contents: '["one","two"', code },
      message: /open\.json is not JSON: it ends after byte 7, before the JSON does/,
    },
    'JSON lines that are called .json': {
      ...{ file: 'lines.json', contents: `${line}{"text":"two"}\n`, code },
      message:
        /lines\.json is not JSON: unexpected "\{" at byte 15\. If it has one record a line, give format: 'jsonl'/,
    },
    NaN: { file: 'nan.json', contents: '[NaN]', code, message: /unexpected "N" at byte 1/ },
    'a newline in a string, behind a byte order mark': {
      ...{ file: 'newline.json', contents: '\ufeff["a\nb"]', code },
      message: /unexpected "\n" at byte 6/,
    },
    'a path that leads nowhere': {
      ...{ file: 'path.json', contents: '{"version":1,"rows":["x"]}', code: 'missing-field' },
      ...{
        options: { recordsPath: 'data' },
        message: /recordsPath 'data'\. The fields at its top are: version, rows\./,
      },
    },
    'a path to an object': {
      ...{
        file: 'object.json',
        contents: '{"data":{"a":"x"}}',
        code: 'missing-field',
        options: { recordsPath: 'data' },
      },
      message: /no array with records or texts at recordsPath 'data'/,
    },
    'an object that is no record': {
      ...{ file: 'record.json', contents: '{"rows":[1]}', code: 'missing-field' },
      message: /record\.json: the text should be in the field 'text', but it is not there\. The fields are: rows/,
    },
    'an object with the records in a field': {
      ...{ file: 'below.json', contents: '{"version":1,"rows":[{"text":"x"}]}', code: 'missing-field' },
      message: /with missingText: 'skip'\. If the records are in an array below, name it with recordsPath/,
    },
    'an empty array at a path': {
      ...{ file: 'empty.json', contents: '{"a":[[],{"data":{"rows":[]}}]}', code: 'empty-text' },
      ...{ options: { recordsPath: 'a[1].data.rows' } },
      message: /empty\.json: the array at recordsPath 'a\[1\]\.data\.rows' is empty/,
    },
    'an empty array elsewhere': {
      ...{ file: 'else.json', contents: '{"a":[],"b":{"rows":[]},"c":[[]],"rows":{}}', code: 'missing-field' },
      ...{ options: { recordsPath: 'rows' }, message: /no array with records or texts at recordsPath 'rows'/ },
    },
    'an element that is no record': {
      ...{ file: 'mixed.json', contents: '["one",2]', code: 'missing-field' },
      message: /mixed\.json\[1\] must be an object with the field 'text', got a number/,
    },
    'nesting without end': {
      ...{ file: 'deep.json', contents: '['.repeat(1e6), code },
      message: /at byte 10000 it is nested more than 10000 deep/,
    },
    'an empty array': { file: 'none.json', contents: ' [ ] ', code: 'empty-text', message: /none\.json has no text/ },
  })
  testAccepted({
    'an array of records and strings': {
      file: 'array.json',
      contents: '[{"text":"one"}, "two"]\n',
      texts: ['one', 'two'],
    },
    'one record': { file: 'record.json', contents: '{"id":1,"text":"one"}', texts: ['one'] },
    'an array deeper down': {
      ...{ file: 'down.json', contents: '{"info":{"x":["no"]},"data":{"rows":[{"text":"one"},"two"]},"more":["no"]}' },
      ...{ options: { recordsPath: 'data.rows' }, texts: ['one', 'two'] },
    },
    'an array in an element of an array': {
      ...{ file: 'element.json', contents: '[{"rows":["no"]},{"x":{"rows":["no"]},"rows":["one",{"text":"two"}]}]' },
      ...{ options: { recordsPath: '[1].rows' }, texts: ['one', 'two'] },
    },
    'an array in an array': {
      ...{ file: 'inner.json', contents: '{"a":[["no"],[["no"],["one"]]]}' },
      ...{ options: { recordsPath: 'a[1][1]' }, texts: ['one'] },
    },
    'a field called __proto__': {
      file: 'proto.json',
      contents: '[{"__proto__":{"text":"no"},"text":"one"}]',
      texts: ['one'],
    },
  })
})

describe('CSV and TSV', () => {
  const code = 'invalid-csv'
  testRefused({
    'a column that is not there': {
      ...{ file: 'column.csv', contents: 'id,body\n1,x\n', code: 'missing-field' },
      message: /column\.csv has no column 'text'\. The columns are: id, body\. Choose one with textField\.$/,
    },
    'tabs in .csv': {
      ...{ file: 'tabs.csv', contents: 'id\ttext\n1\tx\n', code: 'missing-field' },
      message: /If its columns are not divided by commas, give format: 'tsv'/,
    },
    'a row with too many fields': {
      ...{ file: 'more.csv', contents: 'id,text\n1,x\n2,y,z\n', code },
      message: /more\.csv:3: the row has 3 fields, but the header has 2 \(the row begins at byte 12\).*in quotes/,
    },
    'a row with too few fields': {
      ...{ file: 'fewer.csv', contents: 'id,text\r\n1\r\n', code },
      message: /fewer\.csv:2: the row has 1 fields, but the header has 2/,
    },
    'a quote that is not closed': {
      ...{ file: 'open.csv', contents: 'id,text\n1,"one\n2,two\n', code },
      message: /open\.csv:2: the file ends inside a quoted field; the quote at byte 10 is not closed/,
    },
    'text after a closing quote': {
      ...{ file: 'after.csv', contents: 'text\n"one"two\n', code },
      message: /after\.csv:2: after the quote that closes a field comes "t" at byte 10/,
    },
    'a header with the column twice': {
      ...{ file: 'twice.csv', contents: 'text,id,text\na,b,c\n', code },
      message: /the header has the column 'text' twice/,
    },
    'a header alone': {
      file: 'header.csv',
      contents: 'id,text\n',
      code: 'empty-text',
      message: /header\.csv has no text/,
    },
  })
  testAccepted({
    'CRLF, quotes, line ends in fields': {
      ...{ file: 'quotes.csv', contents: 'id,text\r\n1,"a ""b"", c\r\nd"\r\n\r\n2,\r\n' },
      texts: ['a "b", c\r\nd', ''],
    },
    'the other column twice': { file: 'others.csv', contents: 'id,id,text\n1,2,x\n', texts: ['x'] },
    TSV: { file: 'table.tsv', contents: 'id\ttext\n1\tone, two\n', texts: ['one, two'] },
  })
})

describe('parquet', () => {
  const code = 'invalid-parquet'
  testRefused({
    'an empty file': {
      ...{ file: 'empty.parquet', contents: '', code },
      message:
        /empty\.parquet is not a parquet file, or not a whole one: it has 0 bytes, and the last four should be PAR1/,
    },
    'a wrong end': { file: 'cut.parquet', contents: parquet.subarray(0, 3000), code, message: /should be PAR1, got "/ },
    'an encrypted footer': {
      ...{ file: 'encrypted.parquet', contents: bytes(parquet.subarray(0, -4), 'PARE'), code },
      message: /PARE: it is encrypted, which is not read/,
    },
    'a broken footer': {
      ...{ file: 'footer.parquet', contents: brokenFooter, code },
      message:
        /footer\.parquet: (its footer|its schema|row group).* cannot be read: .*The file is damaged: get it again/,
    },
    'a footer longer than the file': {
      ...{ file: 'long.parquet', contents: longFooter, code },
      message: /its footer cannot be read: .*metadata length 2147483647 exceeds/,
    },
    'a beginning that is missing': {
      ...{ file: 'behind.parquet', contents: parquet.subarray(1500), code },
      message: /cannot be read/,
    },
    'pages that are destroyed': {
      ...{ file: 'pages.parquet', contents: emptyPages, code },
      message: /rows 0 to 29 of column 'text' \(row group 0\) cannot be read/,
    },
    'text that is called .parquet': {
      file: 'text.parquet',
      contents: 'not parquet at all',
      code,
      message: /got " all"/,
    },
    'a column that is not there': {
      ...{ file: 'rows.parquet', contents: parquet, code: 'missing-field', options: { textField: 'body' } },
      message: /rows\.parquet has no column 'body'\. The columns that have text, or fields with text, are: text\./,
    },
    'a path into a column of texts': {
      ...{ file: 'rows.parquet', contents: parquet, code: 'missing-field', options: { textField: 'text.body' } },
      message: /has no column 'text\.body'/,
    },
    'a column that holds numbers': {
      ...{ file: 'rows.parquet', contents: parquet, code: 'missing-field', options: { textField: 'id' } },
      message: /the column 'id' holds INT.*, not text/,
    },
    'a column with fields': {
      ...{ file: 'struct.parquet', contents: fixture('parquet/pyarrow-struct.parquet'), code: 'missing-field' },
      ...{ options: { textField: 'page' }, message: /the column 'page' is a list or has fields.*'page\.text'/ },
    },
    'a field that is not there': {
      ...{ file: 'struct.parquet', contents: fixture('parquet/pyarrow-struct.parquet'), code: 'missing-field' },
      ...{ options: { textField: 'page.body' }, message: /struct\.parquet\[0\]: the text should be in 'page\.body'/ },
    },
    'a null': {
      ...{ file: 'nulls.parquet', contents: fixture('parquet/pyarrow-nulls.parquet'), code: 'missing-field' },
      message: /nulls\.parquet\[3\]: the text should be in 'text', but there is null/,
    },
    'the codec LZO': {
      ...{ file: 'lzo.parquet', contents: withCodec(3), code: 'unsupported-format' },
      message:
        /column 'text' of row group 0 is compressed with LZO, which is not read\. Write it with one of UNCOMPRESSED/,
    },
    'a codec that there is not': {
      ...{ file: 'codec.parquet', contents: withCodec(9), code: 'unsupported-format' },
      message: /is compressed with an unknown codec/,
    },
    'parquet that is called .txt': {
      ...{ file: 'rows.txt', contents: parquet, code: 'invalid-utf8' },
      message: /rows\.txt is not UTF-8 but a parquet file.*Give format: 'parquet'/,
    },
  })

  test('a stream', async () => {
    const read = readBlob(new Blob([new Uint8Array(parquet)]).stream(), { name: 'rows.parquet' })
    await expect(read[Symbol.asyncIterator]().next()).rejects.toThrow(
      /rows\.parquet is parquet, .* await response\.blob\(\)/,
    )
  })
})

describe('folders, globs and links', () => {
  test('a glob that matches nothing', async () => {
    const { code, message } = await refusal({ path: at('nothing/*.txt') })
    expect([code, message]).toEqual(['file-not-found', expect.stringMatching(/called or matches .*nothing\/\*\.txt/)])
  })

  test('a glob takes what it matches, whatever its ending, in order', async () => {
    for (const name of ['b.txt', 'a.log', 'deep/c.txt', '.hidden.txt', '[x].txt']) await write(`glob/${name}`, name)
    const texts = async (glob: string): Promise<string[]> => textsOf(await readDocuments({ path: at(glob) }))
    expect(await texts('glob/*')).toEqual(['[x].txt', 'a.log', 'b.txt'])
    expect(await texts('glob/**/*.txt')).toEqual(['[x].txt', 'b.txt', 'deep/c.txt'])
    expect(await texts('glob/{b,a}.*')).toEqual(['a.log', 'b.txt'])
    expect(await texts('glob/[x].txt')).toEqual(['[x].txt'])
    const [{ name }] = (await readDocuments({ path: at('glob/b.*') })) as [Document]
    expect(name).toBe(at('glob/b.txt'))
    const [relative] = await openSource({ path: 'packages/data/test/fixtures/corp?s.txt' }).catch(() =>
      openSource({ path: 'test/fixtures/corp?s.txt' }),
    )
    expect(relative!.name).toMatch(/^(packages\/data\/)?test\/fixtures\/corpus\.txt$/)
  })

  test('links that lead in a circle', async () => {
    await write('circle/a.txt', 'one')
    await symlink(at('circle'), at('circle/again'))
    await symlink(at('circle'), at('circle/folder.txt'))
    await symlink(at('circle/a.txt'), at('circle/linked.txt'))
    expect(textsOf(await readDocuments({ path: at('circle') }))).toEqual(['one', 'one'])
    expect(textsOf(await readDocuments({ path: at('circle/**') }))).toEqual(['one', 'one'])
  })

  test('links are not followed however the glob is written', async () => {
    await write('ways/a.txt', 'one')
    await write('ways/deep/b.txt', 'two')
    await symlink(at('ways'), at('ways/again'))
    await symlink(at('ways/deep'), at('ways/linked'))
    await symlink(at('ways'), at('ways/deep/up'))
    const from = relative(process.cwd(), at('ways'))
    const all = ['**/*.txt', './/**/*.txt', './**/*.txt', '../ways/**/*.txt', '{a,deep/b}.txt']
    for (const folder of [at('ways'), from, `./${from}`, `.//${from}`]) {
      for (const glob of all) {
        const found = await readDocuments({ path: `${folder}/${glob}` })
        expect(textsOf(found), `${folder}/${glob}`).toEqual(['one', 'two'])
      }
    }
    expect(textsOf(await readDocuments({ path: `${from}/linked//*.txt` }))).toEqual(['two']) // the user names it
    expect(textsOf(await readDocuments({ path: `./${from}/again/**` }))).toEqual(['one', 'two'])
  })

  test('a link to itself', async () => {
    await mkdir(at('self'))
    await symlink(at('self/loop.txt'), at('self/loop.txt'))
    const { code, message } = await refusal({ path: at('self/loop.txt') })
    expect([code, message]).toEqual(['unreadable-file', expect.stringMatching(/loop\.txt cannot be read: ELOOP/)])
    expect((await refusal({ path: at('self') })).message).toMatch(/ELOOP/)
  })

  test('a link that leads nowhere', async () => {
    await mkdir(at('broken'))
    await symlink(at('broken/gone.txt'), at('broken/link.txt'))
    await write('broken/other.log', 'one')
    const { code, message } = await refusal({ path: at('broken') })
    expect([code, message]).toEqual(['file-not-found', expect.stringMatching(/link\.txt is a link that leads nowhere/)])
    expect(textsOf(await readDocuments({ path: at('broken/*') }))).toEqual(['one'])
  })

  test('a folder called x.txt is a folder', async () => {
    await write('named/x.txt/inside.txt', 'inside')
    expect(textsOf(await readDocuments({ path: at('named') }))).toEqual(['inside'])
    expect(textsOf(await readDocuments({ path: at('named/x.txt') }))).toEqual(['inside'])
  })

  test('what often only describes a folder is read when its format is named', async () => {
    await write('described/a.txt', 'one')
    await write('described/info.json', '{"licence":"none"}')
    await write('described/index.csv', 'name\na.txt\n')
    await write('described/b.jsonl.gz', gzipSync(line))
    expect(textsOf(await readDocuments({ path: at('described') }))).toEqual(['one', 'one'])
    const csv = { path: at('described'), format: 'csv', textField: 'name' } as const
    expect(textsOf(await readDocuments(csv))).toEqual(['a.txt'])
    const { message } = await refusal({ path: at('described/a.txt'), format: 'csv' })
    expect(message).toMatch(/described\/a\.txt has no column 'text'/)
    expect(textsOf(await readDocuments({ path: at('described'), format: 'jsonl' }))).toEqual(['one'])
    expect(textsOf(await readDocuments({ path: at('described'), format: 'lines' }))).toEqual(['one', line.trim()])
    expect(textsOf(await readDocuments({ path: at('described/*.gz'), format: 'text' }))).toEqual([line])
    expect((await refusal({ path: at('described'), format: 'tsv' })).message).toMatch(
      /described has no \.tsv or \.tab file, also in \.gz or \.zst\. Name files/,
    )
    expect((await refusal({ path: at('described'), format: 'parquet' })).message).toMatch(/no \.parquet file\. Name/)
  })

  test('a file that the system does not give', async () => {
    const path = process.platform === 'linux' ? '/proc/self/mem' : await write('closed.txt', 'x')
    if (process.platform !== 'linux') await chmod(path, 0)
    const { code, message } = await refusal({ path, format: 'text' })
    expect([code, message]).toEqual(['unreadable-file', expect.stringContaining(`${path} cannot be read: `)])
  })

  test.skipIf(process.getuid?.() === 0)('a file without permission', async () => {
    const path = await write('secret.txt', 'x')
    await chmod(path, 0)
    expect((await refusal({ path })).message).toMatch(/secret\.txt cannot be read: EACCES/)
  })

  test.runIf(process.platform === 'linux')('a pipe', async () => {
    execFileSync('mkfifo', [at('pipe.txt')])
    const [input] = await openSource({ path: at('pipe.txt') })
    expect(input!.byteLength).toBe(null)
    const reading = readDocuments({ path: at('pipe.txt') })
    await writeFile(at('pipe.txt'), 'through a pipe')
    expect(textsOf(await reading)).toEqual(['through a pipe'])
  })
})

function testRefused(cases: Record<string, Refused>): void {
  test.each(Object.entries(cases))('%s', async (_, { file, contents, code, message, options }) => {
    const path = await write(file, contents)
    const error = await refusal({ path, ...options })
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(message)])
    if (code !== 'invalid-argument') expect(error.message).toContain(path)
    const fromBlob = await blobDocuments(file, contents, options).catch((reason: unknown) => reason)
    expect(fromBlob).toBeInstanceOf(DataError)
    expect(fromBlob).toMatchObject({ code, message: expect.stringMatching(message) as string })
  })
}

function testAccepted(cases: Record<string, Accepted>): void {
  test.each(Object.entries(cases))('%s', async (_, { file, contents, texts, options }) => {
    expect(textsOf(await readDocuments({ path: await write(file, contents), ...options }))).toEqual(texts)
    expect(textsOf(await blobDocuments(file, contents, options))).toEqual(texts)
  })
}

async function blobDocuments(name: string, contents: Contents, options?: Options): Promise<Document[]> {
  const documents: Document[] = []
  const blob = new Blob([new Uint8Array(Buffer.from(contents as Uint8Array))])
  for await (const document of readBlob(blob, { name, ...options })) documents.push(document)
  return documents
}

function zstdTexts(): string[] {
  const expected = JSON.parse(fixture('parquet/expected.json').toString()) as { texts: string[][] }
  return expected.texts[0]!
}

function withInvalidText(): Buffer {
  const changed = Buffer.from(fixture('parquet/pyarrow-plain.parquet'))
  const place = changed.indexOf('a\r\nb\n')
  expect(gunzipSync(gzip).length).toBe(8)
  changed[place] = 0xff
  return changed
}
