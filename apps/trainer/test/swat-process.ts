import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { createRequire } from 'node:module'
import type { Readable } from 'node:stream'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** How a process ended and what it said. */
export interface Outcome {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
const commandLine = fileURLToPath(new URL('../src/cli.ts', import.meta.url))

/** Starts a TypeScript file of this package, from source. */
export function startScript(
  path: string,
  args: readonly string[],
  cwd: string,
  environment: NodeJS.ProcessEnv = process.env,
): ChildProcessByStdio<null, Readable, Readable> {
  const node = ['--conditions=@swat-js/source', '--import', loader]
  return spawn(process.execPath, [...node, path, ...args], { cwd, env: environment, stdio: ['ignore', 'pipe', 'pipe'] })
}

/** Starts the command `swat`, from source. */
export function startSwat(
  args: readonly string[],
  cwd: string,
  environment?: NodeJS.ProcessEnv,
): ChildProcessByStdio<null, Readable, Readable> {
  return startScript(commandLine, args, cwd, environment)
}

/** Waits for the end of a process; `onOutput` sees standard output so far whenever there is more of it. */
export async function outcomeOf(
  child: ChildProcessByStdio<null, Readable, Readable>,
  onOutput: (stdout: string) => void = () => {},
): Promise<Outcome> {
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    onOutput(stdout)
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
  })
}

/** Runs the command `swat`, from source, to its end. */
export function runSwat(args: readonly string[], cwd: string): Promise<Outcome> {
  return outcomeOf(startSwat(args, cwd))
}
