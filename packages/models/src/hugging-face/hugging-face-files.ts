import { SwatError, type FloatDtype } from '@swat-js/tensor-core'
import { toHuggingFaceConfig } from '../config/hugging-face-config.js'
import type { SwatConfig } from '../config/swat-config.js'
import { parameterCount } from '../parameters/parameter-count.js'
import { modelCard } from './model-card.js'
import { pythonFiles } from './python-files.generated.js'

/** A special token of the tokenizer. */
export interface EndOfDocument {
  /** Its text, for example `<|endoftext|>`. */
  token: string
  /** Its id. */
  id: number
}

/** What {@link huggingFaceFiles} needs to know besides the model. */
export interface HuggingFaceFilesOptions {
  /** Type of the weights in the file; default F32. */
  dtype?: FloatDtype
  /** The token that ends a document, when the tokenizer has one. */
  endOfDocument?: EndOfDocument | null
  /** Name of the model in its card; default `model`. */
  name?: string
}

const torchDtypes = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' } as const

/**
 * The text files of a folder from which transformers loads a model with `AutoModelForCausalLM` and `AutoTokenizer`,
 * `trust_remote_code=True`: configuration, the model in plain PyTorch, tokenizer and generation settings, a card. The
 * weights and the tokenizer's own `tokenizer.json` come besides.
 *
 * @param config - the model
 * @param options - see {@link HuggingFaceFilesOptions}
 * @returns contents by name
 * @throws SwatError `config` for a model whose mixer is a recurrence, which the PyTorch code does not compute
 */
export function huggingFaceFiles(config: SwatConfig, options: HuggingFaceFilesOptions = {}): Record<string, string> {
  const { dtype = 'F32', endOfDocument = null, name = 'model' } = options
  if (config.mixer !== 'attention') {
    throw new SwatError(
      'config',
      `huggingFaceFiles: the model must have attention, but its mixer is ${config.mixer}: there is no PyTorch code for ` +
        'recurrences here. Run it with @swat-js/models.',
    )
  }
  const eos = endOfDocument?.id ?? null
  const ids = { bos_token_id: null, eos_token_id: eos, pad_token_id: eos }
  const special = endOfDocument ? { eos_token: endOfDocument.token, pad_token: endOfDocument.token } : {}
  return {
    'config.json': json({
      ...toHuggingFaceConfig(config),
      ...ids,
      auto_map: {
        AutoConfig: 'configuration_swat.SWATConfig',
        AutoModel: 'modeling_swat.SWATModel',
        AutoModelForCausalLM: 'modeling_swat.SWATForCausalLM',
      },
      torch_dtype: torchDtypes[dtype],
    }),
    'generation_config.json': json({ ...ids, do_sample: true, temperature: 0.8 }),
    'tokenizer_config.json': json({
      tokenizer_class: 'PreTrainedTokenizerFast',
      ...special,
      add_prefix_space: false,
      clean_up_tokenization_spaces: false,
    }),
    'special_tokens_map.json': json(special),
    ...pythonFiles,
    'README.md': modelCard(config, name, parameterCount(config).total),
  }
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
