/** The name of a checkpoint's weights that are one file, as Hugging Face names them. */
export const wholeName = 'model.safetensors'

/** The name of the file that tells which shard holds which tensor. */
export const indexName = 'model.safetensors.index.json'

/**
 * The name of one of several files.
 *
 * @param index - which one, from 0
 * @param count - how many there are
 * @returns for example `model-00001-of-00003.safetensors`
 */
export function shardName(index: number, count: number): string {
  return `model-${String(index + 1).padStart(5, '0')}-of-${String(count).padStart(5, '0')}.safetensors`
}

/**
 * Whether a file holds weights of a checkpoint, whole or in part, or their index.
 *
 * @param name - a file's name
 * @returns true for the three kinds of names above
 */
export function isWeights(name: string): boolean {
  return name === wholeName || name === indexName || /^model-\d{5,}-of-\d{5,}\.safetensors$/.test(name)
}
