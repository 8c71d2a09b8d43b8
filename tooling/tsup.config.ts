// The one build configuration: each package is built from the entries its package.json exports.
import { readFileSync } from 'node:fs'
import { defineConfig } from 'tsup'
import { packageEntries, packageOutput } from './package-build.js'

export default defineConfig({
  entry: packageEntries(JSON.parse(readFileSync('package.json', 'utf8'))),
  ...packageOutput,
  external: [/^node:/],
  dts: { compilerOptions: { customConditions: [] } },
  sourcemap: true,
  clean: true,
  removeNodeProtocol: false,
  silent: true,
  tsconfig: '../../tsconfig.base.json',
})
