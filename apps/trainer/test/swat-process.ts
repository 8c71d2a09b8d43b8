import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { inject } from 'vitest'

/** How a process ended and what it said. */
export interface Outcome {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

/**
 * Starts a program of this package that is built: the command, or one of `fixtures`; `input` is its standard input.
 *
 * @param name - the file without folder and ending
 */
export function startProgram(
  name: string,
  args: readonly string[],
  cwd: string,
  environment: NodeJS.ProcessEnv = process.env,
  input = '',
): ChildProcessByStdio<Writable, Readable, Readable> {
  const path = join(inject('builtPackages'), 'trainer', 'dist', `${name}.js`)
  const child = spawn(process.execPath, [path, ...args], { cwd, env: environment, stdio: 'pipe' })
  child.stdin.on('error', () => {}) // a process that ends without reading it
  child.stdin.end(input)
  return child
}

/** Starts the command `swat`. */
export function startSwat(
  args: readonly string[],
  cwd: string,
  environment?: NodeJS.ProcessEnv,
  input?: string,
): ChildProcessByStdio<Writable, Readable, Readable> {
  return startProgram('cli', args, cwd, environment, input)
}

/** Waits for the end of a process; `onOutput` sees standard output so far whenever there is more of it. */
export async function outcomeOf(
  child: ChildProcessByStdio<Writable, Readable, Readable>,
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

/** Runs the command `swat` to its end. */
export function runSwat(args: readonly string[], cwd: string, environment?: NodeJS.ProcessEnv): Promise<Outcome> {
  return outcomeOf(startSwat(args, cwd, environment))
}
