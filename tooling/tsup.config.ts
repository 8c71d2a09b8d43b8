// The one build configuration: each package is built from the entries its package.json exports.
import { readFileSync } from 'node:fs'
import { defineConfig } from 'tsup'
import { packageEntries } from './package-entries.js'

export default defineConfig({
  entry: packageEntries(JSON.parse(readFileSync('package.json', 'utf8'))),
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
