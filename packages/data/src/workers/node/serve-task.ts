import type { MessagePort } from 'node:worker_threads'
import type { Task } from '../task.js'
import { tasks, type TaskName } from '../tasks.js'

/** What a worker thread is started with. */
export interface TaskOrder {
  name: TaskName
  setup: unknown
}

/** What a worker thread answers, once for every input and in their order. */
export type TaskAnswer = { output: unknown } | { error: unknown }

/** Prepares a task and answers every message with its output or its error. */
export function serveTask(port: MessagePort, { name, setup }: TaskOrder): void {
  const task = tasks[name] as Task<unknown, unknown, unknown>
  let run: ReturnType<typeof task> | undefined
  port.on('message', (input: unknown) => {
    try {
      run ??= task(setup)
      const { output, transfer } = run(input)
      port.postMessage({ output } satisfies TaskAnswer, transfer)
    } catch (error) {
      port.postMessage({ error: describe(error) } satisfies TaskAnswer)
    }
  })
}

/** An error that survives the way to another thread, with the code that a clone would lose. */
function describe(error: unknown): { message: string; code?: unknown; stack?: string } {
  if (!(error instanceof Error)) return { message: String(error) }
  return { message: error.message, code: Reflect.get(error, 'code'), stack: error.stack }
}
