// The one build configuration: each package is built from the entries its package.json exports.
import { readFileSync } from 'node:fs'
import { defineConfig } from 'tsup'

type Exports = Record<string, string | Record<string, string>>
const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as { exports: Exports }

const entries = Object.values(manifest.exports)
  .filter((target) => typeof target === 'object')
  .map((target) => [target.default.replace(/^\.\/dist\/|\.js$/g, ''), target['@swat-js/source']])

export default defineConfig({
  entry: Object.fromEntries(entries),
  format: 'esm',
  target: 'es2022',
  platform: 'neutral',
  external: [/^node:/],
  dts: { compilerOptions: { customConditions: [] } },
  sourcemap: true,
  clean: true,
  removeNodeProtocol: false,
  splitting: true,
  silent: true,
  tsconfig: '../../tsconfig.base.json',
})
