import {
  parametersFromSafetensors,
  safetensorsToFloat32,
  type SafetensorsEntry,
  type SafetensorsFile,
} from '@swat-js/tensor-core'
import type { SwatConfig } from '../config/swat-config.js'
import type { SwatParameters } from '../swat-transformer/model.js'
import { parameterShapes } from './parameter-shapes.js'

/**
 * Parameters from a `model.safetensors`: ours, the official class's, and its variants of January 2025 with
 * `mlp.gate_proj` and `mlp.up_proj` stacked and with the norms inside `attn` and `mlp` (spec 4.5). Rotary tables and
 * the output matrix of a tied model are ignored.
 *
 * @param file - what `readSafetensors` returned
 * @param config - the model, from the `config.json` beside the file
 * @returns the parameters; dispose them with `disposeParameters`
 * @throws SwatError `parameters` when a tensor is missing, unknown or of another shape
 */
export function parametersFromHuggingFace(file: SafetensorsFile, config: SwatConfig): SwatParameters {
  const tensors = new Map([...file.tensors].flatMap(([name, entry]) => officialEntries(name, entry, config)))
  return parametersFromSafetensors<SwatParameters>({ ...file, tensors }, parameterShapes(config))
}

/** A tensor under its present names; none when it is not needed. */
function officialEntries(name: string, entry: SafetensorsEntry, config: SwatConfig): [string, SafetensorsEntry][] {
  const { hiddenSize, intermediateSize, tied } = config
  if (name.endsWith('.rotary.inv_freq') || (tied && name === 'lm_head.weight')) return []
  const renamed = name.replace(/\.(attn|mlp)\.norm\.weight$/, '.$1_norm.weight')
  const isStacked = name.endsWith('.mlp.gate_proj.weight') && entry.shape[0] === 2 * intermediateSize
  if (!isStacked) return [[renamed, entry]]
  const values = safetensorsToFloat32(entry)
  const middle = intermediateSize * hiddenSize
  const half = { dtype: 'F32', shape: [intermediateSize, hiddenSize] } as const
  return [
    [name, { ...half, data: values.subarray(0, middle) }],
    [name.replace('gate_proj', 'up_proj'), { ...half, data: values.subarray(middle) }],
  ]
}
