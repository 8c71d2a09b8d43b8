import { byteTokenizer, inspectDocuments } from '@swat-js/data'
import { parseHTML } from 'linkedom'
import { expect, it } from 'vitest'
import { formatDataInspection } from './format-data-inspection.js'
import { drawDataInspection } from './node/draw-data-inspection.js'

const texts = ['abc', 'abcdefgh', 'abcdefghi', 'abc', 'x'.repeat(1000)]
const documents = texts.map((text, index) => ({ text, name: `text ${index}` }))

it('formatDataInspection has counts, bars, repeats and samples', async () => {
  const inspection = await inspectDocuments(documents, byteTokenizer(), { samples: 1, sampleLength: 5, seed: 1 })
  const lines = formatDataInspection('texts', inspection).split('\n')
  expect(lines.slice(0, 18)).toEqual([
    'texts',
    'Documents   5, 1,023 bytes of UTF-8',
    'Tokens      1,023, without those that end documents',
    'Compression 1.000 bytes per token',
    'Vocabulary  10 of 256 ids are used (3.9 %)',
    'Duplicates  1 documents, 3 bytes; the first: text 3',
    '',
    'Length of documents: 3 to 1,000 bytes, 205 on average',
    '    bytes  documents',
    `      2–3          2  ${'█'.repeat(30)}`,
    '      4–7          0',
    `     8–15          2  ${'█'.repeat(30)}`,
    '    16–31          0',
    '    32–63          0',
    '   64–127          0',
    '  128–255          0',
    '  256–511          0',
    `512–1,023          1  ${'█'.repeat(15)}`,
  ])
  const [{ name, text }] = inspection.samples
  expect(lines.at(-1)).toBe(`  ${JSON.stringify(text)}`)
  expect(lines.at(-2)).toMatch(new RegExp(`^${name} \\([\\d,]+ bytes, [\\d,]+ tokens\\):$`))
})

it('formatDataInspection leaves out what nobody counted', async () => {
  expect(formatDataInspection('nothing', await inspectDocuments([], null)).split('\n')).toEqual([
    'nothing',
    'Documents   0, 0 bytes of UTF-8',
    'Duplicates  0 documents, 0 bytes',
  ])
})

it('drawDataInspection draws a bar for each bin, as high as it has documents', async () => {
  const svg = drawDataInspection('<texts>', await inspectDocuments(documents, byteTokenizer()))
  const { document } = parseHTML(svg)
  expect(document.querySelector('title')?.textContent).toBe('&lt;texts>: 5 documents'.replace('&lt;', '<'))
  const heights = [...document.querySelectorAll('g[aria-label="bar"]')].map((group) =>
    [...group.querySelectorAll('rect')].map((bar) => Number(bar.getAttribute('height'))),
  )
  expect(heights).toHaveLength(2)
  for (const bars of heights) {
    expect(bars).toHaveLength(9)
    const [first, none, third] = bars as [number, number, number]
    expect([none, third / first, bars[8]! / first]).toEqual([0, 1, 0.5])
  }
  expect(svg).toContain('1,023 bytes, 1.000 bytes per token; 1 repeated')
  expect(svg).toContain('documents by length in tokens')
  const withoutTokens = drawDataInspection('texts', await inspectDocuments(documents, null))
  expect(withoutTokens).not.toContain('length in tokens')
})
