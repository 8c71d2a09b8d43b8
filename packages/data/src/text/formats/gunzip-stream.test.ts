import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { gunzip } from '../node/gunzip.js'
import { gunzipStream } from './gunzip-stream.js'

async function* pieces(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let [from, index] = [0, 0]; from < bytes.length; from += sizes[index++ % sizes.length]!) {
    yield bytes.subarray(from, from + sizes[index % sizes.length]!)
  }
}
async function plain(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = []
  for await (const part of stream) parts.push(part)
  return Buffer.concat(parts).toString('latin1')
}
const refusal = (stream: AsyncIterable<Uint8Array>): Promise<string> =>
  plain(stream).catch((error: unknown) => (error as Error).message)

describe.each([
  ['in browsers', gunzipStream],
  ['in Node', gunzip],
])('gzip %s', (_, gunzipHere) => {
  test('members and zeros are taken apart, wherever the chunks are cut', async () => {
    const member = fc.oneof(fc.string({ maxLength: 40 }), fc.constantFrom('', '\0'.repeat(200_000)))
    const cut = fc.array(fc.constantFrom(1, 2, 3, 7, 26, 100, 40_000), { minLength: 1, maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(
        fc.array(member, { minLength: 1, maxLength: 4 }),
        fc.nat({ max: 30 }),
        cut,
        async (texts, zeros, sizes) => {
          const members = texts.map((text) => gzipSync(Buffer.from(text)))
          const bytes = Buffer.concat([...members, Buffer.alloc(zeros)])
          expect(await plain(gunzipHere(pieces(bytes, sizes)))).toBe(Buffer.from(texts.join('')).toString('latin1'))
        },
      ),
      { numRuns: 200 },
    )
  })

  test('what is cut off, damaged or followed by something else is refused, wherever the chunks are cut', async () => {
    const one = gzipSync('one\n'.repeat(10))
    const damaged = Buffer.from(one)
    damaged[one.length - 8]! ^= 1 // of the checksum
    for (const size of [1, 5, 8, one.length, 1000]) {
      const refused = (...parts: Uint8Array[]) => refusal(gunzipHere(pieces(Buffer.concat(parts), [size])))
      for (let end = 0; end < one.length; end++)
        expect(await refused(one.subarray(0, end))).toBe('unexpected end of file')
      expect(await refused(one, one.subarray(0, 12))).toBe('unexpected end of file')
      expect(await refused(damaged)).toBe('incorrect data check')
      expect(await refused(Buffer.from('plain text'))).toBe('incorrect header check')
      expect(await refused(one, Buffer.from('plain text'))).toMatch(/incorrect header check|is not gzip/)
      const after = `what follows after ${one.length} bytes is not gzip`
      expect(await refused(one, Buffer.alloc(3), Buffer.from('plain'))).toBe(after)
      expect(await refused(one, Buffer.alloc(3), one)).toBe(after)
    }
  })
})
