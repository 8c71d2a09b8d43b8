import type { DataInspection, LengthBin, LengthSummary } from '@swat-js/data'
import { alignColumns, type Column } from '../report/align-columns.js'
import { significant, thousands } from '../report/numbers.js'

const barWidth = 30

/**
 * What documents are like, as text: counts, lengths as bars, repeats, samples.
 *
 * @param name - what was looked at
 * @param inspection - of `inspectDocuments` or `inspectTokens`
 * @returns lines
 */
export function formatDataInspection(name: string, inspection: DataInspection): string {
  const { documents, bytes, tokens, bytesPerToken, vocabulary, lengths, duplicates, samples } = inspection
  const lines = [`${name}`, `Documents   ${thousands(documents)}, ${thousands(bytes)} bytes of UTF-8`]
  if (tokens !== null) lines.push(`Tokens      ${thousands(tokens)}, without those that end documents`)
  if (bytesPerToken !== null) lines.push(`Compression ${bytesPerToken.toFixed(3)} bytes per token`)
  if (vocabulary !== null) {
    const share = ((100 * vocabulary.used) / vocabulary.size).toFixed(1)
    lines.push(`Vocabulary  ${thousands(vocabulary.used)} of ${thousands(vocabulary.size)} ids are used (${share} %)`)
  }
  const first = duplicates.names.length === 0 ? '' : `; the first: ${duplicates.names.join(', ')}`
  lines.push(`Duplicates  ${thousands(duplicates.documents)} documents, ${thousands(duplicates.bytes)} bytes${first}`)
  if (documents === 0) return lines.join('\n')
  lines.push('', ...histogram('bytes', lengths.bytes))
  if (lengths.tokens !== null) lines.push('', ...histogram('tokens', lengths.tokens))
  for (const { name, text, bytes, tokens } of samples) {
    const size = tokens === null ? '' : `, ${thousands(tokens)} tokens`
    lines.push('', `${name} (${thousands(bytes)} bytes${size}):`, `  ${JSON.stringify(text)}`)
  }
  return lines.join('\n')
}

function histogram(unit: string, { least, mean, most, bins }: LengthSummary): string[] {
  const largest = Math.max(...bins.map(({ documents }) => documents))
  const columns: Column<LengthBin>[] = [
    [unit, binName],
    ['documents', ({ documents }) => thousands(documents)],
    ['', ({ documents }) => '█'.repeat(Math.ceil((barWidth * documents) / largest)).padEnd(barWidth)],
  ]
  const lengths = `${thousands(least)} to ${thousands(most)} ${unit}, ${significant(mean)} on average`
  return [`Length of documents: ${lengths}`, ...alignColumns(columns, bins, -1)]
}

/** The lengths of a bin, for example `4–7`. */
export function binName({ from, to }: LengthBin): string {
  return from === to ? thousands(from) : `${thousands(from)}–${thousands(to)}`
}
