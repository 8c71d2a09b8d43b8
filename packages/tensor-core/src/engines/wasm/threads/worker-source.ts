/** Places in the control block: numbers of 32-bit integers; `messageAt` and `argumentsAt` count bytes. */
export const control = {
  /** Number of the job, and in the lowest 8 bits how many parts nobody has taken; a compare-and-swap takes one. */
  ticket: 0,
  /** Parts that are finished. */
  done: 1,
  /** Number of letters of what went wrong, 0 while nothing has. */
  failure: 2,
  /** Where in the heap the bytes of the job's module lie, and how many; they stay there. */
  moduleAt: 3,
  moduleBytes: 4,
  /** Which of the module's exports to call, and with how many arguments. */
  exported: 5,
  argumentCount: 6,
  /** Working memory of thread 0, and bytes to that of the next; 0 bytes where the function takes none. */
  scratchAt: 7,
  scratchBytes: 8,
  messageAt: 64,
  messageLength: 448,
  argumentsAt: 512,
} as const

/** Most parts of a job and most arguments of a part. */
export const mostParts = 255
export const mostArguments = 24

/** Bytes of the control block. */
export const controlBytes = control.argumentsAt + 8 * mostParts * mostArguments

/** Looks at the ticket so many times before a thread goes to sleep: some 20 µs. */
export const looks = 2000

/**
 * What a worker runs, as text: it starts in Node and in browsers, from sources and from any bundle. It gets
 * `{ block, memory, thread }`, tells that it is ready, and then takes parts of jobs for ever.
 */
export const workerSource = `
const node = globalThis.process?.getBuiltinModule?.('node:worker_threads')
if (node) serve(node.workerData, (message) => node.parentPort.postMessage(message))
else onmessage = ({ data }) => serve(data, (message) => postMessage(message))

function serve({ block, memory, thread }, tell) {
  const integers = new Int32Array(block)
  const modules = new Map()

  function run(part) {
    const moduleAt = integers[${control.moduleAt}] >>> 0
    if (!modules.has(moduleAt)) modules.set(moduleAt, load(moduleAt, integers[${control.moduleBytes}]))
    const argumentCount = integers[${control.argumentCount}]
    const at = ${control.argumentsAt} + 8 * argumentCount * part
    const given = Array.from(new Float64Array(block, at, argumentCount))
    const scratchBytes = integers[${control.scratchBytes}]
    if (scratchBytes > 0) given.push((integers[${control.scratchAt}] >>> 0) + thread * scratchBytes)
    modules.get(moduleAt)[integers[${control.exported}]](...given)
  }

  function load(at, length) {
    memory.grow(0) // what another thread has made it grow by shows in a fresh buffer
    const bytes = new Uint8Array(memory.buffer).slice(at, at + length)
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } })
    return Object.values(exports)
  }

  function fail(error) {
    const message = String(error).slice(0, ${control.messageLength})
    new Uint8Array(block, ${control.messageAt}).set(Array.from(message, (letter) => letter.charCodeAt(0)))
    Atomics.store(integers, ${control.failure}, message.length)
  }

  tell('ready')
  for (let looks = 0; ; ) {
    const ticket = Atomics.load(integers, ${control.ticket})
    if ((ticket & 255) === 0) {
      if (++looks > ${looks}) Atomics.wait(integers, ${control.ticket}, ticket)
      continue
    }
    looks = 0
    if (Atomics.compareExchange(integers, ${control.ticket}, ticket, ticket - 1) !== ticket) continue
    try {
      run((ticket & 255) - 1)
    } catch (error) {
      fail(error)
    }
    Atomics.add(integers, ${control.done}, 1)
    Atomics.notify(integers, ${control.done})
  }
}
`
