import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { byteTokenizer } from '../../tokens/byte-tokenizer.js'
import { openTaskPool } from './task-pool.js'

const setup = { tokenizer: byteTokenizer({ specialTokens: ['<end>'] }).toJSON(), endOfDocument: 256 }

test.each([0, 1, 3])('%i workers give each input its own answer', async (workers) => {
  const pool = openTaskPool('packTexts', setup, workers)
  const inputs = Array.from({ length: 20 }, (_, index) => [String.fromCodePoint(97 + index), 'é'])
  const answers = await Promise.all(inputs.map((input) => pool.run(input)))
  const last = setup.tokenizer.model.vocab
  for (const [index, { tokens, lengths, byteLengths }] of answers.entries()) {
    expect([...lengths]).toEqual([2, 3])
    expect([...byteLengths]).toEqual([1, 2])
    expect(tokens[0]).toBe(last[String.fromCodePoint(97 + index)])
    expect([tokens[1], tokens[4]]).toEqual([256, 256])
  }
  await pool.close()
})

test.each([0, 2])(
  'with %i workers what a task throws comes back with its code, and the pool goes on',
  async (workers) => {
    const broken = () =>
      openTaskPool('packTexts', { tokenizer: { model: { type: 'none' } }, endOfDocument: null }, workers)
    await expect(async () => broken().run(['a'])).rejects.toMatchObject({ code: 'unsupported-tokenizer' })
    const pool = openTaskPool('packTexts', setup, workers)
    await expect(pool.run([7 as unknown as string])).rejects.toThrow()
    await expect(pool.run(['a'])).resolves.toMatchObject({ lengths: Uint32Array.of(2) })
    await pool.close()
  },
)

test('what is under way when the pool closes is rejected', async () => {
  const pool = openTaskPool('packTexts', setup, 1)
  const answer = pool.run(['a'.repeat(1e6)])
  const rejected = expect(answer).rejects.toMatchObject({ code: 'worker-failed' })
  await pool.close()
  await rejected
  await expect(pool.run(['a'])).rejects.toMatchObject({ code: 'worker-failed' })
})

test('a program that awaits the end of a pool goes on after it', async () => {
  const module = new URL('task-pool.ts', import.meta.url).href
  const program = `
    const { openTaskPool } = await import(${JSON.stringify(module)})
    const pool = openTaskPool('packTexts', ${JSON.stringify(setup)}, 1)
    const { lengths } = await pool.run(['ab'])
    for (let i = 0; i < 100; i++) pool.run(['ab']).catch(() => undefined)
    await pool.close()
    console.log('closed after', lengths[0])`
  const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
  const args = ['--import', loader, '--input-type=module', '--eval', program]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  expect(stdout).toBe('closed after 3\n')
})

test('a number of workers that is none is refused', () => {
  expect(() => openTaskPool('packTexts', setup, -1)).toThrow('workers must be a whole number from 0 to 1024, got -1')
})
