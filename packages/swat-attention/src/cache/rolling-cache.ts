import { gpuInfo, SwatError, tf } from '@swat-js/tensor-core'
import { expectInteger } from '../expect-integer.js'
import { checkReach } from '../op/check-inputs.js'

/**
 * The tensors behind the caches of one stream, written in place where the engine allows. Row p holds position p below
 * `sinks`; the rows that follow are a ring, in which position p has row `sinks + p mod capacity`. Rows outside the
 * window hold anything.
 */
export interface CacheMemory {
  /** `[batch, sinks + capacity, kvHeads, headDim]`, rotated at absolute positions */
  keys: tf.Tensor4D
  /** `[batch, sinks + capacity, kvHeads, headDim]` */
  values: tf.Tensor4D
  /** Which state of the stream it holds: the one cache with this number may use it. */
  state: number
}

/**
 * The past of one attention layer: the last `window − 1` keys and values of each sequence, in memory that is taken once
 * and never grows (without a window it doubles when it is full). Made by {@link createRollingCache}, read and advanced
 * by `cachedAttention`.
 *
 * A step consumes the cache that it is given: its memory goes on to the cache that comes back, and the old one is
 * refused from then on, on every engine alike. The memory lives until {@link disposeRollingCache}, whatever `tf.tidy`
 * is around.
 */
export interface RollingCache {
  /** Number of sequences. */
  readonly batchSize: number
  /** Number of key and value heads. */
  readonly kvHeads: number
  /** Size of a head. */
  readonly headDim: number
  /** Number of keys a query sees, itself included; null = every earlier key. */
  readonly window: number | null
  /** Keys before this absolute position stay visible. */
  readonly sinks: number
  /** For each sequence the absolute position of its next token. */
  readonly positions: readonly number[]
  /** For each sequence the absolute position of its first token. */
  readonly starts: readonly number[]
  /** The tensors, shared by all caches of a stream. */
  readonly memory: CacheMemory
  /** Which state of the stream this is. */
  readonly state: number
}

/** What {@link createRollingCache} needs to know. */
export interface RollingCacheOptions {
  /** Number of sequences. */
  batchSize: number
  /** Number of key and value heads. */
  kvHeads: number
  /** Size of a head. */
  headDim: number
  /** Number of keys a query sees, itself included; null = every earlier key. */
  window: number | null
  /** Keys before this absolute position stay visible to every later query; default 0. */
  sinks?: number
  /** Absolute position of the first token, one for all sequences or one for each; default 0. */
  position?: number | readonly number[]
}

/** Rows that a cache without a window starts with. */
const firstCapacity = 64

/**
 * The cache before the first token.
 *
 * @param options - sizes, window, sinks, where the sequences start
 * @returns an empty cache; the caller's to dispose with {@link disposeRollingCache}
 * @throws SwatError `attention` when a number makes no sense, `cache` when the engine cannot hold that much
 */
export function createRollingCache(options: RollingCacheOptions): RollingCache {
  const caller = 'createRollingCache'
  const { batchSize, kvHeads, headDim, window, position = 0 } = options
  for (const [name, value] of Object.entries({ batchSize, kvHeads, headDim })) {
    expectInteger(caller, name, value, 1, 'Take it from the model configuration.')
  }
  checkReach(caller, options)
  const starts = typeof position === 'number' ? new Array<number>(batchSize).fill(position) : [...position]
  if (starts.length !== batchSize) {
    throw new SwatError(
      'attention',
      `${caller}: position must be one number or one for each of the ${batchSize} sequences, but has ${starts.length}.`,
    )
  }
  starts.forEach((start) =>
    expectInteger(caller, 'position', start, 0, 'Give the absolute position of the first token.'),
  )

  const sinks = window === null ? 0 : (options.sinks ?? 0) // without a window every key stays visible
  const rows = sinks + (window === null ? firstCapacity : Math.max(1, window - 1))
  const memory = { ...takeMemory([batchSize, rows, kvHeads, headDim]), state: 0 }
  return { batchSize, kvHeads, headDim, window, sinks, positions: starts, starts, memory, state: 0 }
}

function takeMemory(shape: [number, number, number, number]): Pick<CacheMemory, 'keys' | 'values'> {
  const bytes = 4 * shape.reduce((size, axis) => size * axis, 1)
  const refuse = (reason: string, cause?: unknown): never => {
    throw new SwatError(
      'cache',
      `createRollingCache: keys and values [${shape.join(', ')}] take ${bytes} bytes each, but ${reason}. Choose a ` +
        'smaller window or batch, or window null, whose memory grows with the tokens that come.',
      { cause },
    )
  }
  const most = largestTensor()
  if (bytes > most) refuse(`this engine holds ${most} bytes in a tensor`)
  const taken: tf.Tensor4D[] = []
  try {
    for (let i = 0; i < 2; i++) taken.push(tf.keep(tf.zeros(shape)) as tf.Tensor4D)
  } catch (error) {
    tf.dispose(taken)
    refuse('there is no such memory', error)
  }
  const [keys, values] = taken
  return { keys, values }
}

/** Bytes; beyond them an engine fails later, and then as a whole. */
function largestTensor(): number {
  if (tf.getBackend() === 'wasm') return 2 ** 32 // all that its addresses reach
  if (tf.getBackend() !== 'webgpu') return Infinity
  const { maxBufferSize, maxStorageBufferBindingSize } = gpuInfo().limits
  return Math.min(maxBufferSize, maxStorageBufferBindingSize)
}

/**
 * Starts some sequences anew, for example when a text has ended and another takes its place in the batch. Moves no
 * data.
 *
 * @param cache - consumed
 * @param sequences - their places in the batch
 * @param position - absolute position of their next token; default 0
 * @returns the cache in which these sequences have no past
 * @throws SwatError `cache` when the cache was consumed or disposed of, `attention` when a number makes no sense
 */
export function restartSequences(cache: RollingCache, sequences: readonly number[], position = 0): RollingCache {
  const caller = 'restartSequences'
  const memory = memoryOf(caller, cache)
  expectInteger(caller, 'position', position, 0, 'Give the absolute position of the next token.')
  const wrong = sequences.find((sequence) => !(Number.isInteger(sequence) && cache.positions[sequence] !== undefined))
  if (wrong !== undefined) {
    throw new SwatError(
      'attention',
      `${caller}: a sequence must be an integer from 0 to ${cache.batchSize - 1}, but one is ${wrong}.`,
    )
  }
  const restarted = (old: number, sequence: number) => (sequences.includes(sequence) ? position : old)
  const [positions, starts] = [cache.positions.map(restarted), cache.starts.map(restarted)]
  return { ...cache, positions, starts, state: ++memory.state }
}

/**
 * Frees the memory of a stream. Does nothing to a cache that was consumed: it has none.
 *
 * @param cache - the newest cache of a stream
 */
export function disposeRollingCache(cache: RollingCache): void {
  const { memory } = cache
  if (memory.state !== cache.state || memory.keys.isDisposed) return
  tf.dispose([memory.keys, memory.values])
}

/**
 * The memory of a cache that may be used.
 *
 * @param caller - the public function that uses it, named in the message
 * @param cache - the cache
 * @returns its memory
 * @throws SwatError `cache` when the cache was consumed or disposed of
 */
export function memoryOf(caller: string, { memory, state }: RollingCache): CacheMemory {
  if (memory.state !== state) {
    throw new SwatError(
      'cache',
      `${caller}: the cache must be the newest of its stream, but an earlier call has consumed it (state ${state}, ` +
        `newest ${memory.state}). Go on with the cache which that call returned.`,
    )
  }
  if (memory.keys.isDisposed) {
    throw new SwatError('cache', `${caller}: the cache was disposed of. Make a new one with createRollingCache.`)
  }
  return memory
}
