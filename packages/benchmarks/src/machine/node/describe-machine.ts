import { cpus, totalmem } from 'node:os'
import type { EngineDescription } from '@swat-js/tensor-core'

/** Where a benchmark ran. */
export interface Machine {
  /** The engine's device in words. */
  device: string
  /** What the device can do beyond plain float32. */
  features: string[]
  /** The processor's name. */
  processor: string
  /** Logical cores of the processor. */
  cores: number
  /** Bytes of memory. */
  memoryBytes: number
  /** Operating system and instruction set, for example `linux x64`. */
  platform: string
}

/**
 * Describes the machine for the record.
 *
 * @param engine - what `useEngine` returned
 * @returns device, processor, memory
 */
export function describeMachine(engine: EngineDescription): Machine {
  const processors = cpus()
  return {
    device: engine.device,
    features: engine.features,
    processor: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryBytes: totalmem(),
    platform: `${process.platform} ${process.arch}`,
  }
}
