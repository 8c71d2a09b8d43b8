import { SwatError } from '../../../swat-error.js'
import { control, controlBytes, looks, mostArguments, mostParts, workerSource } from './worker-source.js'

/** One call of an export in parts that do not depend on each other. */
export interface Job {
  /** Where in the heap the module's bytes lie for good, and how many. */
  moduleAt: number
  moduleBytes: number
  /** Name of the export, for errors, and its index among the exports. */
  name: string
  exported: number
  /** The same function on this thread. */
  call: (...given: number[]) => void
  /** Arguments of each part, equally many. */
  parts: number[][]
  /** Working memory of the threads, one after the other; its address is the last argument, unless it has 0 bytes. */
  scratchAt: number
  scratchBytes: number
}

/** A worker of Node or of a browser, as far as the pool needs it. */
interface StartedWorker {
  ended: Promise<string>
  ready: Promise<void>
  terminate(): void
}

/**
 * Threads that share the heap of a wasm backend. Parts of a job are taken one by one, by whoever is free, this thread
 * included; which thread computes a part changes no result.
 */
export class ThreadPool {
  /** How many threads compute, this one included. */
  readonly threads: number
  readonly #workers: StartedWorker[]
  readonly #integers: Int32Array<SharedArrayBuffer>
  readonly #doubles: Float64Array<SharedArrayBuffer>
  #job = 0
  #failure: string | null = null

  private constructor(block: SharedArrayBuffer, workers: StartedWorker[]) {
    this.threads = workers.length + 1
    this.#workers = workers
    this.#integers = new Int32Array(block, 0, control.argumentsAt / 4)
    this.#doubles = new Float64Array(block, control.argumentsAt)
    for (const { ended } of workers) void ended.then((reason) => (this.#failure ??= reason))
  }

  /**
   * Starts `threads − 1` workers beside this thread. They do not keep a program alive.
   *
   * @param memory - the heap, shared
   * @param threads - at least 2
   * @returns the pool, once all workers are ready
   * @throws SwatError `engine-unavailable` with the reason when one does not start
   */
  static async start(memory: WebAssembly.Memory, threads: number): Promise<ThreadPool> {
    const block = new SharedArrayBuffer(controlBytes)
    const workers: StartedWorker[] = []
    try {
      for (let thread = 1; thread < threads; thread++) workers.push(startWorker({ block, memory, thread }))
      await Promise.all(
        workers.map(({ ready, ended }) =>
          Promise.race([
            ready,
            ended.then((reason) => {
              throw new Error(reason)
            }),
          ]),
        ),
      )
    } catch (error) {
      workers.forEach((worker) => worker.terminate())
      const reason = error instanceof Error ? error.message : String(error)
      throw new SwatError(
        'engine-unavailable',
        `useEngine: expected ${threads} threads, but a worker did not start: ${reason}. ` +
          "Start with one thread: useEngine({ backend: 'wasm', threads: 1 }).",
        { cause: error },
      )
    }
    return new ThreadPool(block, workers)
  }

  /**
   * Runs a job; returns when all its parts are finished.
   *
   * @param job - the job
   * @throws SwatError `thread-failed` when a part fails on any thread; what it should have written is not to be used
   */
  run(job: Job): void {
    const { parts, call, scratchAt, scratchBytes } = job
    if (this.#failure !== null) throw threadFailed(job.name, this.#failure)
    if (parts.length > mostParts || parts[0].length > mostArguments) {
      throw new RangeError(`A job has at most ${mostParts} parts of ${mostArguments} arguments.`)
    }
    const integers = this.#integers
    integers[control.moduleAt] = job.moduleAt
    integers[control.moduleBytes] = job.moduleBytes
    integers[control.exported] = job.exported
    integers[control.argumentCount] = parts[0].length
    integers[control.scratchAt] = scratchAt
    integers[control.scratchBytes] = scratchBytes
    parts.forEach((given, part) => this.#doubles.set(given, part * given.length))
    Atomics.store(integers, control.done, 0)
    this.#job = (this.#job + 1) & 0x7fffff
    Atomics.store(integers, control.ticket, (this.#job << 8) | parts.length)
    Atomics.notify(integers, control.ticket)
    let own: unknown = null
    for (let part = this.#take(); part >= 0; part = this.#take()) {
      try {
        call(...parts[part], ...(scratchBytes > 0 ? [scratchAt] : []))
      } catch (error) {
        own ??= error
      }
      Atomics.add(integers, control.done, 1)
    }
    this.#wait(parts.length)
    const letters = Atomics.exchange(integers, control.failure, 0)
    if (own !== null) throw threadFailed(job.name, String(own), own)
    if (letters > 0) {
      const message = new Uint8Array(integers.buffer, control.messageAt, letters).slice()
      throw threadFailed(job.name, String.fromCharCode(...message))
    }
  }

  /** Ends the workers. */
  end(): void {
    this.#failure ??= 'the engine has been disposed'
    this.#workers.forEach((worker) => worker.terminate())
  }

  /** The next part of the job at hand for this thread; −1 when all are taken. */
  #take(): number {
    for (;;) {
      const ticket = Atomics.load(this.#integers, control.ticket)
      if ((ticket & 255) === 0) return -1
      if (Atomics.compareExchange(this.#integers, control.ticket, ticket, ticket - 1) === ticket) {
        return (ticket & 255) - 1
      }
    }
  }

  /** Waits for the parts that other threads have taken; a page's main thread may not sleep. */
  #wait(parts: number): void {
    const maySleep = typeof document === 'undefined'
    for (let look = 0; ; look++) {
      const done = Atomics.load(this.#integers, control.done)
      if (done === parts) return
      if (maySleep && look > looks) Atomics.wait(this.#integers, control.done, done)
    }
  }
}

function threadFailed(name: string, reason: string, cause?: unknown): SwatError {
  const wayOut = "Start the engine with one thread, useEngine({ backend: 'wasm', threads: 1 }), to see where."
  return new SwatError('thread-failed', `${name}: a thread of the wasm engine failed: ${reason}. ${wayOut}`, { cause })
}

/** Starts a worker from its source, so that no bundler has to find a file. */
function startWorker(data: { block: SharedArrayBuffer; memory: WebAssembly.Memory; thread: number }): StartedWorker {
  const node = globalThis.process?.getBuiltinModule?.('node:worker_threads')
  if (node) {
    const worker = new node.Worker(workerSource, { eval: true, workerData: data, execArgv: [], name: 'swat-wasm' })
    worker.unref()
    // an unreferenced worker would let a program end that waits for nothing but its start
    const alive = setInterval(() => {}, 1000)
    const ready = new Promise<void>((resolve) => worker.once('message', () => resolve()))
    const ended = new Promise<string>((resolve) => {
      worker.once('error', (error) => resolve(error.message))
      worker.once('exit', (code) => resolve(`it ended with exit code ${code}`))
    })
    void Promise.race([ready, ended]).then(() => clearInterval(alive))
    return { ready, ended, terminate: () => void worker.terminate() }
  }
  const address = URL.createObjectURL(new Blob([workerSource], { type: 'text/javascript' }))
  const worker = new Worker(address)
  const ready = new Promise<void>((resolve) => worker.addEventListener('message', () => resolve(), { once: true }))
  const ended = new Promise<string>((resolve) =>
    worker.addEventListener('error', ({ message }) =>
      resolve(message || "the page's content security policy must allow workers from blob:"),
    ),
  )
  void Promise.race([ready, ended]).then(() => URL.revokeObjectURL(address))
  worker.postMessage(data)
  return { ready, ended, terminate: () => worker.terminate() }
}
