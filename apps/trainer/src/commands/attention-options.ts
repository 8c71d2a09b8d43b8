import { type Command, Option } from 'commander'
import type { BackendName } from '@swat-js/tensor-core'
import { backendOption } from './backend-option.js'
import { numberOption } from './number-option.js'
import { precisionOption } from './precision-option.js'
import { threadsOption } from './threads-option.js'

/** What the attention benchmarks have in common. */
export interface AttentionOptions {
  backend: BackendName | 'auto'
  threads?: number
  precision: 'float32' | 'mixed'
  window: number
  heads: number
  kvHeads?: number
  headDim: number
  batch: number
  activation: 'sigmoid' | 'softmax'
  rounds: number
  json?: string
}

/**
 * Adds the options that the attention benchmarks have in common.
 *
 * @param command - gets them
 */
export function attentionOptions(command: Command): Command {
  const count = numberOption({ whole: true, least: 1 })
  return command
    .addOption(backendOption())
    .addOption(threadsOption())
    .addOption(precisionOption())
    .option('--window <count>', 'number of keys a query sees, itself included', count, 128)
    .option('--heads <count>', 'number of query heads', count, 16)
    .option('--kv-heads <count>', 'number of key and value heads (default: as many as query heads)', count)
    .option('--head-dim <count>', 'size of a head', count, 64)
    .option('--batch <count>', 'number of sequences', count, 1)
    .addOption(
      new Option('--activation <name>', 'what turns logits into weights')
        .choices(['sigmoid', 'softmax'])
        .default('sigmoid'),
    )
    .option('--json <file>', 'write machine, versions, options and rows as JSON')
}
