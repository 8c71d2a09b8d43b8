import { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu'
import { SwatError } from '../../swat-error.js'
import { tf } from '../../tf.js'
import { BindGroups } from './bind-groups.js'
import { mendAddN } from './mend-add-n.js'
import type { GpuDevice } from './request-device.js'
import type { ShaderRun } from './run-shader.js'
import type { GpuInfo } from './gpu-info.js'
import { ShaderTimer } from './shader-timer.js'
import { steadyBuffers } from './steady-buffers.js'
import { SubmissionPace } from './submission-pace.js'
import { UniformSlots } from './uniform-slots.js'

type DataId = tf.DataId

const batchSizeFlag = 'WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE'

/** What the backend has and its type keeps private. */
interface Internals {
  commandEncoder: GPUCommandEncoder | null
  computePassEncoder: GPUComputePassEncoder | null
  dispatchCountInPass: number
}

interface Tensor {
  dtype: tf.DataType
  values?: tf.backend_util.TypedArray | null
  resource?: GPUBuffer | null
}

interface Pipeline {
  pipeline: GPUComputePipeline
  layout: GPUBindGroupLayout
}

/**
 * TensorFlow.js's WebGPU backend on a device of ours. The one file that touches its internals: it records our shaders
 * in the same command encoder, and it turns what WebGPU reports aside (invalid shaders, dropped command buffers, a lost
 * device) into errors. After the first error every read and every shader throws it: WebGPU drops whole submissions, so
 * whatever was computed since the last good read may be zeros.
 */
export class GpuBackend extends WebGPUBackend {
  /** What is known about the device. */
  readonly about: GpuInfo
  /** Where the device comes from; Dawn crashes when it is collected first. */
  readonly owner: GPU
  readonly #pipelines = new Map<string, Map<string, Pipeline>>()
  readonly #bindGroups = new BindGroups()
  readonly #uniforms: UniformSlots
  readonly #pace = new SubmissionPace()
  readonly #remembered = new Map<string, unknown>()
  readonly #checks = new Set<Promise<void>>()
  #failure: SwatError | null = null
  #labels: string[] = []
  #timer: ShaderTimer | null = null

  /**
   * @param gpu - the device
   */
  constructor(gpu: GpuDevice) {
    super(gpu.device, gpu.adapterInfo)
    this.about = gpu.about
    this.owner = gpu.owner
    this.#uniforms = new UniformSlots(gpu.device)
    steadyBuffers(this.bufferManager)
    gpu.device.addEventListener('uncapturederror', (event) => {
      event.preventDefault() // else Dawn prints it as well
      const among = this.#labels.length > 0 ? ` (among the shaders ${[...new Set(this.#labels)].join(', ')})` : ''
      this.#fail(`the GPU refused a command${among}: ${event.error.message}`, event.error)
    })
    void gpu.device.lost.then(({ reason, message }) => this.#fail(`the GPU device was lost (${reason}): ${message}`))
  }

  /** What went wrong on this device, if anything. */
  get failure(): SwatError | null {
    return this.#failure
  }

  /** What `make` returned for this key the first time on this device. */
  remember<T>(key: string, make: () => T): T {
    if (!this.#remembered.has(key)) this.#remembered.set(key, make())
    return this.#remembered.get(key) as T
  }

  /** Waits until the GPU has done all that was recorded; throws what went wrong. */
  finished(): Promise<void> {
    return this.#checked(async () => {
      this.submitQueue()
      await this.device.queue.onSubmittedWorkDone()
    })
  }

  /** The values of a tensor if the host has them: they came from there and the GPU has not written to it since. */
  hostValues(dataId: DataId): tf.backend_util.TypedArray | null {
    return this.#tensor(dataId).values ?? null
  }

  /** Whether no other tensor has this one's memory, and it holds the type that the tensor names. */
  owns({ dataId, dtype }: tf.TensorInfo): boolean {
    return this.refCount(dataId) === 1 && this.#tensor(dataId).dtype === dtype
  }

  override read(dataId: DataId): Promise<tf.BackendValues> {
    return this.#checked(() => super.read(dataId))
  }

  override readSync(dataId: DataId): tf.BackendValues {
    const values = this.hostValues(dataId)
    if (values) return values
    throw new SwatError(
      'gpu-read',
      'dataSync: values that the WebGPU backend computed cannot be read while the program waits. ' +
        'Use `await tensor.data()`.',
    )
  }

  /** Keeps the host's copy of integers, which ops check (token ids, labels) without reading them back. */
  override uploadToGPU(dataId: DataId): void {
    const tensor = this.#tensor(dataId)
    const { values } = tensor
    super.uploadToGPU(dataId)
    if (values instanceof Int32Array) tensor.values = values
  }

  override submitQueue(): void {
    this.ensureCommandEncoderReady()
    this.endComputePassEncoder()
    this.#uniforms.write()
    const { dispatchCountInPass } = this.#internals
    super.submitQueue()
    this.#labels = []
    if (dispatchCountInPass > 0) this.#keepPace(dispatchCountInPass)
  }

  /** TensorFlow.js's ops submit by the flag, too. */
  #keepPace(dispatches: number): void {
    tf.env().set(batchSizeFlag, this.#pace.size)
    if (!this.#pace.submitted(dispatches, performance.now())) return
    const heard = () => this.#pace.finished(performance.now())
    void this.queue.onSubmittedWorkDone().then(heard, heard) // a lost device is reported elsewhere
  }

  override ensureCommandEncoderReady(): void {
    super.ensureCommandEncoderReady()
    const { commandEncoder } = this.#internals
    if (commandEncoder) this.#timer?.watch(commandEncoder, () => this.endComputePassEncoder())
  }

  /** Whether so many bytes more can be had; takes them for a moment. */
  async hasMemory(bytes: number): Promise<boolean> {
    const most = Math.min(this.about.limits.maxBufferSize, 2 ** 30)
    const buffers: GPUBuffer[] = []
    let refused: GPUError | null = null
    for (let left = bytes; left > 0 && !refused; left -= most) {
      this.device.pushErrorScope('validation') // Dawn reports a failed allocation as one or the other
      this.device.pushErrorScope('out-of-memory')
      const size = Math.ceil(Math.min(left, most) / 4) * 4
      buffers.push(this.device.createBuffer({ label: 'memory check', size, usage: GPUBufferUsage.STORAGE }))
      const [outOfMemory, invalid] = await Promise.all([this.device.popErrorScope(), this.device.popErrorScope()])
      refused = outOfMemory ?? invalid
    }
    for (const buffer of buffers) buffer.destroy()
    return refused === null
  }

  /** A tensor with a buffer of its own whose elements are not set. */
  uninitialized(shape: number[], dtype: 'float32' | 'int32'): tf.Tensor {
    this.#expectRoom(shape)
    const info = this.makeTensorInfo(shape, dtype)
    if (tf.util.sizeFromShape(shape) === 0) this.#tensor(info.dataId).values = tf.util.makeZerosTypedArray(0, dtype)
    else this.uploadToGPU(info.dataId)
    return tf.engine().makeTensorFromTensorInfo(info, this)
  }

  /** Records one dispatch of a shader whose call has been checked. */
  run(shaderRun: ShaderRun): void {
    if (this.#failure) throw this.#failure
    const converted: tf.TensorInfo[] = []
    const asNamed = (tensor: tf.TensorInfo) => {
      if (tensor.dtype !== 'float32' || this.#tensor(tensor.dataId).dtype === 'float32') return tensor
      converted.push(this.#floatsOf(tensor))
      return converted[converted.length - 1]
    }
    try {
      this.#dispatch(shaderRun, shaderRun.inputs.map(asNamed))
    } finally {
      for (const { dataId } of converted) this.disposeData(dataId)
    }
  }

  #dispatch(
    { label, source, outputs, uniforms, workgroups }: Omit<ShaderRun, 'inputs'>,
    inputs: readonly tf.TensorInfo[],
  ): void {
    const buffers = [...inputs, ...outputs].map((tensor) => this.#bufferOf(tensor))
    expectNoAlias(label, buffers, inputs.length)
    for (const { dataId } of outputs) this.#tensor(dataId).values = null // data() would go on returning them
    const { pipeline, layout } = this.#pipeline(label, source, inputs.length, outputs.length, uniforms !== undefined)
    const slot = uniforms === undefined ? null : this.#placeUniforms(uniforms)
    const bindGroup = this.#bindGroups.get(layout, buffers, slot?.size ?? 0, () => {
      const resources: GPUBufferBinding[] = buffers.map((buffer) => ({ buffer }))
      if (slot) resources.push({ buffer: this.#uniforms.buffer, size: slot.size })
      const entries = resources.map((resource, binding) => ({ binding, resource }))
      return this.device.createBindGroup({ label, layout, entries })
    })
    this.#labels.push(label)
    this.ensureCommandEncoderReady()
    const internals = this.#internals
    internals.computePassEncoder ??= internals.commandEncoder!.beginComputePass()
    const pass = internals.computePassEncoder
    pass.setPipeline(pipeline)
    pass.setBindGroup(0, bindGroup, slot ? [slot.offset] : [])
    pass.dispatchWorkgroups(...workgroups)
    internals.dispatchCountInPass++
    if (internals.dispatchCountInPass >= this.#pace.size) this.submitQueue()
  }

  /** Measures every dispatch that `run` leads to, ours and TensorFlow.js's; needs the feature timestamp-query. */
  async timed(run: () => Promise<void>): Promise<{ label: string; milliseconds: number }[]> {
    await this.finished()
    const timer = new ShaderTimer(this.device)
    this.#timer = timer
    try {
      await run()
    } finally {
      this.submitQueue()
      this.#timer = null
    }
    return this.#checked(() => timer.read())
  }

  override dispose(): void {
    tf.dispose([...this.#remembered.values()] as tf.TensorContainer)
    this.#remembered.clear()
    super.dispose()
    this.device.destroy()
  }

  #pipeline(label: string, source: string, inputs: number, outputs: number, uniforms: boolean): Pipeline {
    const bindings = `${inputs} ${outputs} ${uniforms}`
    let ofSource = this.#pipelines.get(source) // by the source alone first: joined to anything it would be hashed anew
    if (!ofSource) this.#pipelines.set(source, (ofSource = new Map()))
    const known = ofSource.get(bindings)
    if (known) return known
    const buffers: GPUBufferBindingLayout[] = [
      ...Array.from({ length: inputs }, () => ({ type: 'read-only-storage' as const })),
      ...Array.from({ length: outputs }, () => ({ type: 'storage' as const })),
      ...(uniforms ? [{ type: 'uniform' as const, hasDynamicOffset: true }] : []),
    ]
    this.device.pushErrorScope('validation')
    const module = this.device.createShaderModule({ label, code: source })
    const layout = this.device.createBindGroupLayout({
      label,
      entries: buffers.map((buffer, binding) => ({ binding, visibility: GPUShaderStage.COMPUTE, buffer })),
    })
    const pipeline = this.device.createComputePipeline({
      label,
      layout: this.device.createPipelineLayout({ label, bindGroupLayouts: [layout] }),
      compute: { module, entryPoint: 'main' },
    })
    this.#check(label, module, this.device.popErrorScope())
    ofSource.set(bindings, { pipeline, layout })
    return { pipeline, layout }
  }

  /** An invalid shader says so aside and later; reads wait for the answer. */
  #check(label: string, module: GPUShaderModule, scope: Promise<GPUError | null>): void {
    const check = scope
      .then(async (error) => {
        if (!error) return
        const { messages } = await module.getCompilationInfo()
        const lines = messages
          .filter(({ type }) => type === 'error')
          .map(({ lineNum, linePos, message }) => `line ${lineNum}:${linePos} ${message}`)
        this.#failure = null // the compiler's own words beat what follows from them
        this.#fail(`shader '${label}' is not valid: ${lines.join('; ') || error.message}`, error)
      })
      .catch((error) => this.#fail(`shader '${label}' could not be checked: ${error}`, error))
      .finally(() => this.#checks.delete(check))
    this.#checks.add(check)
  }

  /** Starts work on the GPU at once and waits for it; throws what went wrong on the device instead of its result. */
  async #checked<T>(work: () => Promise<T>): Promise<T> {
    const [done] = await Promise.allSettled([this.#failure ? Promise.reject(this.#failure) : work()])
    if (done.status === 'rejected') await new Promise((resolve) => setTimeout(resolve)) // news of a lost device come late
    await Promise.all(this.#checks)
    if (this.#failure) throw this.#failure
    if (done.status === 'rejected') throw done.reason
    return done.value
  }

  #fail(reason: string, cause?: unknown): void {
    const wayOut = "Everything computed since is lost; start again with useEngine({ backend: 'webgpu' })."
    this.#failure ??= new SwatError('gpu', `webgpu: ${reason}\n${wayOut}`, { cause })
  }

  /** A buffer beyond the limits would be an error of the device, after which it computes nothing more. */
  #expectRoom(shape: readonly number[]): void {
    const { maxBufferSize, maxStorageBufferBindingSize } = this.about.limits
    const most = Math.min(maxBufferSize, maxStorageBufferBindingSize)
    const bytes = 4 * shape.reduce((size, axis) => size * axis, 1)
    if (bytes <= most) return
    throw new SwatError(
      'gpu',
      `uninitializedGpuTensor: a tensor [${shape.join(', ')}] takes ${bytes} bytes, this device allows ${most}. ` +
        'Work on parts of it.',
    )
  }

  /** What a cast to float32 would hold: TensorFlow.js only renames it, and its buffer goes on holding integers. */
  #floatsOf(tensor: tf.TensorInfo): tf.TensorInfo {
    const zero = this.makeTensorInfo([], 'float32', new Float32Array(1))
    const { kernelFunc } = tf.getKernel('Add', 'webgpu') // its shader reads integers by what the buffer holds
    const sum = kernelFunc({ inputs: { a: tensor, b: zero }, backend: this }) as tf.TensorInfo
    this.disposeData(zero.dataId)
    return sum
  }

  #bufferOf({ dataId }: tf.TensorInfo): GPUBuffer {
    this.uploadToGPU(dataId)
    return this.#tensor(dataId).resource as GPUBuffer
  }

  #placeUniforms(uniforms: ArrayBuffer | ArrayBufferView): { offset: number; size: number } {
    const slot = this.#uniforms.place(uniforms)
    if (slot) return slot
    this.submitQueue() // makes room
    return this.#uniforms.place(uniforms)!
  }

  #tensor(dataId: DataId): Tensor {
    return this.tensorMap.get(dataId) as Tensor
  }

  get #internals(): Internals {
    return this as unknown as Internals
  }
}

/**
 * The backend keeps the buffers of disposed tensors until the next submission. Commands run in the order in which they
 * are recorded, so a buffer may be used again at once; the set that holds them back stays empty.
 */
Object.defineProperty(GpuBackend.prototype, 'commandQueueOwnedIds', {
  get: () => ({ add: () => undefined, has: () => false }),
  set: () => undefined,
})

mendAddN() // once, with the kernels that the import above registers

function expectNoAlias(label: string, buffers: readonly GPUBuffer[], inputCount: number): void {
  buffers.forEach((buffer, i) => {
    const first = buffers.indexOf(buffer)
    if (i < inputCount || first === i) return
    throw new SwatError(
      'gpu',
      `runShader: shader '${label}' writes binding ${i} while binding ${first} is the same memory. ` +
        'List a tensor that is changed in place among the outputs only.',
    )
  })
}
