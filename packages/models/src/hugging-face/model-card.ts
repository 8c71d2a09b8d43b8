import { describeWindow } from '../config/describe-window.js'
import type { SwatConfig } from '../config/swat-config.js'

/** The card of an exported model: what it is, and how it is used in Python and in TypeScript. */
export function modelCard(config: SwatConfig, name: string, parameters: number): string {
  const { layers, hiddenSize, heads, activation, slopes, window } = config
  const ofSlopes = typeof slopes === 'string' ? slopes : JSON.stringify(slopes)
  return `---
library_name: transformers
pipeline_tag: text-generation
tags:
  - swat
---

# ${name}

A SWAT language model (sliding-window attention, arXiv 2502.18845), trained with \`@swat-js/trainer\`:
${parameters.toLocaleString('en-US')} parameters, ${layers} layers, width ${hiddenSize}, ${heads} heads, ${describeWindow(window)}, ${activation}, slopes ${ofSlopes}.

In Python, with \`pip install torch transformers\`:

\`\`\`python
from transformers import AutoModelForCausalLM, AutoTokenizer

folder = "."  # this folder, or where it was put
model = AutoModelForCausalLM.from_pretrained(folder, trust_remote_code=True)
tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=True)
ids = tokenizer("Call me", return_tensors="pt").input_ids
print(tokenizer.decode(model.generate(ids, max_new_tokens=100)[0]))
\`\`\`

\`trust_remote_code\` runs \`modeling_swat.py\` of this folder, a few hundred lines that need nothing but PyTorch and transformers. Memory and
time per token stay the same however long a text becomes, where every layer has a window.

In Node:

\`\`\`sh
npx swat import --from . --to model
npx swat generate --run model --prompt 'Call me'
\`\`\`
`
}
