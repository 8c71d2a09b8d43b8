/**
 * GPT-2's pattern that cuts text into words before bytes are merged (Radford et al. 2019, `encoder.py`). Every
 * character belongs to exactly one match. White space is Unicode's property, as in the Python package: `\s` of
 * JavaScript differs in U+0085 and U+FEFF.
 */
export const wordPattern = new RegExp(
  [
    /'s|'t|'re|'ve|'m|'ll|'d/u,
    / ?\p{L}+/u,
    / ?\p{N}+/u,
    / ?[^\p{White_Space}\p{L}\p{N}]+/u,
    /\p{White_Space}+(?!\P{White_Space})/u, // leaves the last space to the word that follows
    /\p{White_Space}+/u,
  ]
    .map(({ source }) => source)
    .join('|'),
  'gu',
)
