import { readdirSync } from 'node:fs'
import tseslint from 'typescript-eslint'

// The arrows of the house: what each folder may import from its siblings. One way only.
const arrows = {
  'packages/tensor-core': [],
  'packages/positional-encodings': ['tensor-core'],
  'packages/swat-attention': ['tensor-core', 'positional-encodings'],
  'packages/models': ['tensor-core', 'positional-encodings', 'swat-attention'],
  'packages/data': [],
  'packages/benchmarks': ['tensor-core', 'positional-encodings', 'swat-attention', 'models', 'data'],
  'apps/trainer': ['tensor-core', 'positional-encodings', 'swat-attention', 'models', 'data', 'benchmarks'],
}
for (const folder of [...readdirSync('packages').map((name) => `packages/${name}`), 'apps/trainer']) {
  if (!(folder in arrows)) throw new Error(`eslint.config.js: say in \`arrows\` what ${folder} may import`)
}
const siblings = Object.keys(arrows).map((folder) => folder.split('/')[1])

const deepImports = {
  regex: '^@swat-js/[^/]+/(src|dist)|/(packages|apps)/[^/]+/src/',
  message: 'Import the package by its name; what its `exports` does not list is private.',
}
const nodeOnly = {
  regex: '^node:',
  message: 'Packages run in browsers too: what needs Node lives behind the /node entry.',
}
const tensorflow = {
  regex: '^@tensorflow/tfjs$',
  message: "Import { tf } from '@swat-js/tensor-core': one copy of TensorFlow.js, the union package.",
}
const ownBarrel = { regex: '^(\.\./)+index\.js$', message: 'Import the file that owns the name.' }

function boundaries(folder, allowed) {
  const own = folder.split('/')[1]
  const forbidden = siblings.filter((name) => name !== own && !allowed.includes(name))
  const arrow = {
    regex: `^@swat-js/(${[own, ...forbidden].join('|')})(/|$)`,
    message: `${own} may import only: ${allowed.join(', ') || 'no sibling'}.`,
  }
  const node = [`${folder}/src/node.ts`, `${folder}/src/node/**`, `${folder}/src/**/node/**`]
  const patterns = [arrow, deepImports, tensorflow]
  const tests = [`${folder}/src/**/*.test.ts`, `${folder}/test/**`]
  return [
    {
      files: [`${folder}/**/*.ts`],
      rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns }] },
    },
    {
      files: [`${folder}/src/**/*.ts`],
      ignores: [...tests, ...node],
      rules: {
        '@typescript-eslint/no-restricted-imports': [
          'error',
          { patterns: folder.startsWith('apps/') ? patterns : [...patterns, nodeOnly, ownBarrel] },
        ],
      },
    },
  ]
}

export default tseslint.config(
  {
    ignores: [
      '**/dist/**',
      '**/node_modules/**',
      'runs/**',
      'apps/docs/reference/**',
      '**/.vitepress/**',
      '**/assembly/**',
    ],
  },
  ...tseslint.configs.recommended,
  {
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true } }],
      'max-len': [
        'error',
        {
          code: 120,
          ignoreUrls: true,
          ignoreStrings: true,
          ignoreTemplateLiterals: true,
          ignoreRegExpLiterals: true,
          ignoreTrailingComments: true,
        },
      ],
      eqeqeq: 'error',
      'prefer-const': 'error',
      'no-console': 'error',
    },
  },
  {
    files: ['*.js', '*.ts', 'tooling/**', 'apps/docs/**'],
    rules: { 'no-restricted-exports': 'off', 'no-console': 'off', 'max-len': 'off' },
  },
  { files: ['apps/trainer/bin/**'], rules: { 'no-console': 'off' } },
  ...Object.entries(arrows).flatMap(([folder, allowed]) => boundaries(folder, allowed)),
  {
    files: ['packages/tensor-core/src/tf.ts'],
    rules: { '@typescript-eslint/no-restricted-imports': 'off' },
  },
)
