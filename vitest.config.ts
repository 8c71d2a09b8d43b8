import { readdirSync } from 'node:fs'
import { defineConfig } from 'vitest/config'

const conditions = ['@swat-js/source']
const projects = ['packages', 'apps'].flatMap((folder) => readdirSync(folder).map((name) => `${folder}/${name}`))

export default defineConfig({
  resolve: { conditions: [...conditions, 'module', 'node', 'development|production'] },
  ssr: { resolve: { conditions: [...conditions, 'module', 'node', 'development|production'] } },
  test: {
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      ...projects.map((root) => ({
        extends: true as const,
        test: { name: root.split('/')[1], root, include: ['src/**/*.test.ts', 'test/**/*.test.ts'] },
      })),
      { extends: true as const, test: { name: 'house', root: '.', include: ['test/**/*.test.ts'] } },
    ],
  },
})
