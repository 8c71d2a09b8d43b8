#!/usr/bin/env node
import { access } from 'node:fs/promises'

const cli = new URL('../dist/cli.js', import.meta.url)
try {
  await access(cli)
} catch {
  console.error(
    'swat: the trainer is not built yet. In a checkout run `npm run build` first, or use `npm run swat -- <command>`, which runs from source.',
  )
  process.exit(1)
}
await import(cli.href)
