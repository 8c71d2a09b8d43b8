import { describe, expect, test } from 'vitest'
import type { DocumentInput } from '../../text/document-input.js'
import { DigestTable } from '../digest-table.js'
import { firstPosition, selectDocuments, type Selection } from './select-documents.js'

/** An input of 1000 documents whose fifth is read when the signal aborts. */
function stoppingInput(controller: AbortController): {
  input: DocumentInput
  read: () => number
  closed: () => boolean
} {
  let read = 0
  let closed = false
  const input: DocumentInput = {
    name: 'input',
    byteLength: null,
    async *documents() {
      try {
        for (; read < 1000;) {
          if (++read === 5) controller.abort()
          yield await Promise.resolve({ name: 'input', text: 'the same' })
        }
      } finally {
        closed = true
      }
    },
  }
  return { input, read: () => read, closed: () => closed }
}

describe('a signal ends the reading', () => {
  test.each<[what: string, selection: Pick<Selection, 'from' | 'met'>]>([
    ['of what was there before', { from: { ...firstPosition, document: 900 }, met: null }],
    ['of repeats', { from: firstPosition, met: new DigestTable() }],
    ['of what is kept', { from: firstPosition, met: null }],
  ])('%s', async (_, selection) => {
    const controller = new AbortController()
    const { input, read, closed } = stoppingInput(controller)
    const selected = selectDocuments([{ input, split: null }], {
      splitOf: () => 'train',
      ...selection,
      signal: controller.signal,
    })
    const all = async (): Promise<void> => {
      while (!(await selected.next()).done);
    }
    await expect(all()).rejects.toMatchObject({ code: 'aborted' })
    expect([read(), closed()]).toEqual([5, true])
  })
})
