import { existsSync, readFileSync, writeFileSync } from 'node:fs'

/** Writes a picture of docs/images; with `--check` fails the program when the file differs. */
export function savePicture(name: string, svg: string): void {
  const file = new URL(`../../../docs/images/${name}`, import.meta.url)
  if (existsSync(file) && readFileSync(file, 'utf8') === svg) return
  if (process.argv.includes('--check')) {
    console.error(`docs/images/${name} is stale. Run \`npm run draw\` and commit the result.`)
    process.exitCode = 1
  } else writeFileSync(file, svg)
}
