// Runs the README's first command to its end and checks what it promises: held-out text of the book at 3.0 bits per byte
// at most, and better than gzip -9.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'swat-default-run-'))
const started = Date.now()
const { status } = spawnSync('npm', ['run', '--silent', 'train', '--', '--set', `output.folder=${folder}`], {
  cwd: root,
  stdio: ['ignore', 'inherit', 'inherit'],
})
if (status !== 0) throw new Error(`npm run train ended with exit code ${status}`)

const { bitsPerByte, gzipBitsPerByte, step, steps } = JSON.parse(
  readFileSync(join(folder, 'moby-dick', 'summary.json'), 'utf8'),
)
rmSync(folder, { recursive: true })
console.log(`${step} of ${steps} steps and the evaluation took ${((Date.now() - started) / 1000).toFixed(0)} s in all`)
if (!(bitsPerByte <= 3.0 && bitsPerByte < gzipBitsPerByte)) {
  console.error(`expected at most 3.0 bits per byte and less than gzip's ${gzipBitsPerByte}, got ${bitsPerByte}`)
  process.exit(1)
}
