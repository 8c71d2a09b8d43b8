import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { Worker, type TransferListItem } from 'node:worker_threads'
import { checkInteger } from '../../check-integer.js'
import { DataError, type DataErrorCode } from '../../data-error.js'
import type { Task } from '../task.js'
import { tasks, type TaskName } from '../tasks.js'
import type { TaskAnswer, TaskOrder } from './serve-task.js'

type Tasks = typeof tasks
type SetupOf<Name extends TaskName> = Parameters<Tasks[Name]>[0]
type InputOf<Name extends TaskName> = Parameters<ReturnType<Tasks[Name]>>[0]
type OutputOf<Name extends TaskName> = ReturnType<ReturnType<Tasks[Name]>>['output']

/** Threads that all do one task. */
export interface TaskPool<Name extends TaskName> {
  /** How many threads there are; 0 = the task runs where it is asked for. */
  readonly workers: number
  /**
   * Gives an input to the thread that has the fewest waiting. Whoever calls decides how many inputs are under way: two
   * a thread keep it busy.
   *
   * @param input - cloned, but for the buffers in `transfer`
   * @param transfer - buffers of `input` that are handed over
   * @throws what the task throws; `worker-failed` when the thread ends
   */
  run(input: InputOf<Name>, transfer?: readonly TransferListItem[]): Promise<OutputOf<Name>>
  /** Ends the threads; inputs under way are rejected. */
  close(): Promise<void>
}

interface Waiting {
  resolve: (output: never) => void
  reject: (error: Error) => void
}

/**
 * Starts worker threads for a task.
 *
 * @param name - the task
 * @param setup - what each thread prepares it with
 * @param workers - how many; 0 runs the task in this thread
 */
export function openTaskPool<Name extends TaskName>(name: Name, setup: SetupOf<Name>, workers: number): TaskPool<Name> {
  checkInteger('openTaskPool', 'workers', workers, 0, 1024)
  if (workers === 0) return inThisThread(name, setup)
  const threads = Array.from({ length: workers }, () => startThread({ name, setup }))
  return {
    workers,
    run(input, transfer = []) {
      const thread = threads.reduce((best, other) => (other.waiting.length < best.waiting.length ? other : best))
      return thread.run(input, transfer) as Promise<OutputOf<Name>>
    },
    async close() {
      await Promise.all(threads.map(({ stop }) => stop()))
    },
  }
}

const closed = 'the pool was closed'

function threadEnded(name: TaskName, reason: string, cause?: unknown): DataError {
  return new DataError('worker-failed', `a worker thread (${name}) ended: ${reason}`, { cause })
}

function inThisThread<Name extends TaskName>(name: Name, setup: SetupOf<Name>): TaskPool<Name> {
  const run = (tasks[name] as unknown as Task<SetupOf<Name>, InputOf<Name>, OutputOf<Name>>)(setup)
  let isClosed = false
  return {
    workers: 0,
    async run(input) {
      if (isClosed) throw threadEnded(name, closed)
      return run(input).output
    },
    async close() {
      isClosed = true
    },
  }
}

interface Thread {
  waiting: Waiting[]
  run(input: unknown, transfer: readonly TransferListItem[]): Promise<unknown>
  stop(): Promise<void>
}

function startThread(order: TaskOrder): Thread {
  const worker = startWorker(order)
  worker.unref() // a thread without work does not keep the program
  const waiting: Waiting[] = []
  let ended: DataError | null = null
  const settle = (): Waiting | undefined => {
    const next = waiting.shift()
    if (waiting.length === 0 && ended === null) worker.unref()
    return next
  }
  const end = (reason: string, cause?: unknown): void => {
    ended ??= threadEnded(order.name, reason, cause)
    for (const { reject } of waiting.splice(0)) reject(ended)
  }
  worker.on('message', (answer: TaskAnswer) => {
    const next = settle()
    if ('error' in answer) next?.reject(revive(answer.error))
    else next?.resolve(answer.output as never)
  })
  worker.on('error', (error) => end(error.message, error))
  worker.on('exit', (code) => end(`exit code ${code}`))
  return {
    waiting,
    run: (input, transfer) =>
      new Promise<unknown>((resolve, reject) => {
        if (ended) return reject(ended)
        worker.ref()
        waiting.push({ resolve, reject })
        worker.postMessage(input, transfer)
      }),
    async stop() {
      end(closed)
      worker.ref() // the program must not end while its last statement waits for this
      await worker.terminate()
    },
  }
}

/** Starts what a thread runs: the file beside the built package or, where this file is TypeScript, its source. */
function startWorker(order: TaskOrder): Worker {
  const options = { workerData: order, execArgv: [], name: `swat-data-${order.name}` }
  if (!import.meta.url.endsWith('.ts')) return new Worker(new URL('./worker.js', import.meta.url), options)
  const source = new URL('./worker.ts', import.meta.url).href
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx/package.json'))
  const loader = new URL('dist/esm/api/index.mjs', tsx).href
  const program = `import(${JSON.stringify(loader)}).then((tsx) => tsx.tsImport(${JSON.stringify(source)}, import.meta.url))`
  return new Worker(new URL(`data:text/javascript,${encodeURIComponent(program)}`), options)
}

function revive(error: unknown): Error {
  const { message, code, stack } = error as { message: string; code?: DataErrorCode; stack?: string }
  const revived = code === undefined ? new Error(message) : new DataError(code, message)
  if (stack !== undefined) revived.stack = stack
  return revived
}
