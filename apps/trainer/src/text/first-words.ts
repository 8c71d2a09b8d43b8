import type { Document } from '@swat-js/data'

/**
 * The first words of some documents: a prompt in the language of the text, whatever it is.
 *
 * @param documents - at least one with a visible character
 * @returns up to six words, or the first 40 characters when words are longer
 */
export function firstWords(documents: readonly Document[]): string {
  const text = documents.map((document) => document.text.trim()).find((trimmed) => trimmed !== '') ?? ' '
  return Array.from(text.split(/\s+/u, 6).join(' ')).slice(0, 40).join('')
}
