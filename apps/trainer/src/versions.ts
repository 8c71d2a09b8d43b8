import { readFileSync } from 'node:fs'
import { tf } from '@swat-js/tensor-core'

/** What computed a run, for the record. */
export interface Versions {
  /** The trainer. */
  trainer: string
  /** TensorFlow.js. */
  tensorflow: string
  /** Node. */
  node: string
}

/** The version of this package. */
export function trainerVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
  return manifest.version
}

/** The versions of everything that a run's numbers depend on. */
export function versions(): Versions {
  return { trainer: trainerVersion(), tensorflow: tf.version_core, node: process.versions.node }
}
