import { closeSync, fsyncSync, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import type { RunEvent } from '../progress/run-event.js'
import { writeError } from './write-error.js'

/** The file metrics.jsonl of a run: one JSON object a line. */
export interface MetricsFile {
  /** Appends a line. */
  append(event: RunEvent): void
  /** Makes sure that everything is on the disk. */
  sync(): void
  /** Its length in bytes. */
  length(): number
  /** Cuts off what comes after so many bytes. */
  cut(length: number): void
  /** Closes the file. */
  close(): void
}

/**
 * Opens metrics.jsonl and cuts off what a resumed run will write again.
 *
 * @param path - the file; it is made when missing
 * @param length - how many bytes stay: 0 for a new run, else what the checkpoint says
 * @throws SwatError `run-not-written` when the system refuses
 */
export function openMetricsFile(path: string, length: number): MetricsFile {
  const attempt = <Result>(action: () => Result): Result => {
    try {
      return action()
    } catch (error) {
      throw writeError(path, error)
    }
  }
  const file = attempt(() => openSync(path, 'a'))
  const cut = (bytes: number) => attempt(() => ftruncateSync(file, Math.min(bytes, fstatSync(file).size)))
  cut(length)
  return {
    append(event) {
      const line = Buffer.from(`${JSON.stringify(event)}\n`)
      attempt(() => {
        for (let written = 0; written < line.length;) written += writeSync(file, line, written)
      })
    },
    sync: () => attempt(() => fsyncSync(file)),
    length: () => fstatSync(file).size,
    cut,
    close: () => closeSync(file),
  }
}
