import type { Tokenizer, TokenStream } from '@swat-js/data'
import type { RunConfig } from '../config/run-config.js'
import { packText } from './pack-text.js'
import { readSplit } from './read-split.js'
import { listShards, readHeldOut } from './sharded-data.js'

/**
 * What a run holds out, as tokens: of shards no more than its validation takes.
 *
 * @param config - the run's configuration
 * @param tokenizer - the run's tokenizer
 */
export async function heldOutTokens(config: RunConfig, tokenizer: Tokenizer): Promise<TokenStream['tokens']> {
  const { data } = config
  if (data.shards !== undefined) return readHeldOut(listShards(data.shards), config)
  return packText((await readSplit(config)).validation, tokenizer, config.tokenizer.endOfDocument).tokens
}
