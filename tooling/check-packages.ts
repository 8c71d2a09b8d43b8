// Packs every public package as npm would publish it, lints the result (publint, are-the-types-wrong), installs it with
// its siblings in an empty project and runs the example of its README there. Needs `npm run build` first.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

interface Package {
  folder: string
  name: string
  siblings: string[]
}

const root = resolve(import.meta.dirname, '..')
const scratch = mkdtempSync(join(tmpdir(), 'swat-packages-'))
const packages = ['packages', 'apps'].flatMap((group) =>
  readdirSync(join(root, group)).flatMap((name): Package[] => {
    const folder = join(root, group, name)
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    if (manifest.private) return []
    const siblings = Object.keys(manifest.dependencies ?? {}).filter((dependency) => dependency.startsWith('@swat-js/'))
    return [{ folder, name: manifest.name, siblings }]
  }),
)
const only = process.argv.slice(2)
const selected = packages.filter(({ name }) => only.length === 0 || only.some((part) => name.endsWith(part)))

let passed = 0
let failed = 0
function check(title: string, run: () => string): void {
  const start = Date.now()
  try {
    const output = run().trim().split('\n').slice(-8).join('\n    ')
    passed++
    console.log(`ok   ${title} (${((Date.now() - start) / 1000).toFixed(1)} s)${output ? `\n    ${output}` : ''}`)
  } catch (error) {
    failed++
    const { stdout, stderr, message } = error as { stdout?: string; stderr?: string; message: string }
    const detail = `${stdout ?? ''}\n${stderr ?? ''}`.trim() || message
    console.log(`FAIL ${title}\n    ${detail.slice(-4000).replaceAll('\n', '\n    ')}`)
  }
}
const run = (command: string, args: string[], cwd: string) =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 300_000 })

const tarballs = new Map<string, string>()
for (const { folder, name } of packages) {
  const [{ filename }] = JSON.parse(run('npm', ['pack', '--json', '--pack-destination', scratch], folder))
  tarballs.set(name, join(scratch, filename))
}
const tarballOf = (name: string) => {
  const tarball = tarballs.get(name)
  if (!tarball) throw new Error(`${name} is not a public package of this repository`)
  return tarball
}
const bin = (name: string) => join(root, 'node_modules', '.bin', name)

for (const { folder, name, siblings } of selected) {
  check(`${name}: publint`, () => run(bin('publint'), ['--strict', tarballOf(name)], folder))
  check(`${name}: types resolve`, () =>
    run(bin('attw'), [tarballOf(name), '--profile', 'esm-only', '--format', 'ascii', '--quiet'], folder),
  )
  check(`${name}: installs in an empty project and its README example runs`, () => {
    const project = join(scratch, name.replace('/', '-'))
    mkdirSync(project)
    writeFileSync(join(project, 'package.json'), '{ "private": true, "type": "module" }\n')
    const needed = [name, ...siblings].map(tarballOf)
    run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', ...needed], project)
    const example = readFileSync(join(folder, 'README.md'), 'utf8').match(/```js\n([\s\S]*?)```/)
    if (!example) throw new Error('README.md has no ```js example')
    writeFileSync(join(project, 'example.mjs'), example[1])
    const output = run('node', ['example.mjs'], project)
    if (output.trim() === '') throw new Error('the README example printed nothing')
    return output
  })
}
rmSync(scratch, { recursive: true, force: true })
console.log(`${passed} passed, ${failed} failed`)
if (failed > 0) process.exit(1)
