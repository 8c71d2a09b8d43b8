// Tokenizers, batches, tasks and inspection in real Chromium, to the same numbers as in Node.
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, it } from 'vitest'
import { bundle } from './bundle.js'
import { findChromium } from './find-chromium.js'
import { openPage } from './open-page.js'
import { textToBatches } from './text-to-batches.js'

const fixtures = resolve(import.meta.dirname, '../../packages/data/test/fixtures')
const { forms } = JSON.parse(readFileSync(resolve(fixtures, 'tokenizer-forms.json'), 'utf8')) as {
  forms: Record<string, { file: unknown }>
}
const texts = readFileSync(resolve(fixtures, 'corpus.txt'), 'utf8').split(/\n{2,}/)
const { missing } = findChromium()

it.skipIf(missing !== null)(`text to batches in Chromium${missing ? ` (skipped: ${missing})` : ''}`, async () => {
  const code = "import { textToBatches } from './text-to-batches.ts'\nglobalThis.textToBatches = textToBatches"
  const { page, close } = await openPage(await bundle({ code, folder: import.meta.dirname }))
  try {
    await page.evaluate(`import('/main.js').then(() => null)`)
    for (const form of ['llama2', 'bert']) {
      const file = forms[form]!.file
      const expected = JSON.parse(JSON.stringify(await textToBatches(texts, file))) as Record<string, unknown>
      const args = [texts, file].map((argument) => JSON.stringify(argument)).join(', ')
      expect(await page.evaluate(`textToBatches(${args}).then((found) => JSON.parse(JSON.stringify(found)))`)).toEqual(
        expected,
      )
      expect(expected.resumed).toEqual(expected.inputs)
    }
  } finally {
    await close()
  }
})
