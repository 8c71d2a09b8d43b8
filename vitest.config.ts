import { existsSync, readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

// The webgpu tests check every access to GPU memory. Without a GPU they run on the software one of Debian's chromium.
process.env.SWAT_GPU_CHECKS ??= '1'
const swiftShader = '/usr/lib/chromium/vk_swiftshader_icd.json'
if (!process.env.VK_ICD_FILENAMES && !process.env.VK_DRIVER_FILES && existsSync(swiftShader)) {
  process.env.VK_ICD_FILENAMES = swiftShader
  process.env.LD_LIBRARY_PATH = ['/usr/lib/chromium', process.env.LD_LIBRARY_PATH].filter(Boolean).join(':') // libvulkan
}

const conditions = ['@swat-js/source']
const projects = ['packages', 'apps'].flatMap((folder) => readdirSync(folder).map((name) => `${folder}/${name}`))

/** Packages whose tests start programs, which are built first. */
const startPrograms = ['apps/trainer', 'packages/data']
const builtPackages = resolve('tooling/built-packages.ts')

/** Tests of webgpu first: on a software GPU they take longest, and would be left alone at the end. */
class WebgpuFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification) => moduleId.endsWith('webgpu.test.ts')
    const sorted = await super.sort(files)
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))]
  }
}

export default defineConfig({
  resolve: { conditions: [...conditions, 'module', 'node', 'development|production'] },
  ssr: { resolve: { conditions: [...conditions, 'module', 'node', 'development|production'] } },
  test: {
    pool: 'forks',
    sequence: { sequencer: WebgpuFirst },
    maxWorkers: availableParallelism(), // by default one less: a single one on two cores
    testTimeout: 240_000, // a software GPU that compiles shaders on a busy machine takes a minute
    hookTimeout: 240_000,
    projects: [
      ...projects.map((root) => ({
        extends: true as const,
        test: {
          name: root.split('/')[1],
          root,
          include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
          globalSetup: startPrograms.includes(root) ? [builtPackages] : [],
        },
      })),
      {
        extends: true as const,
        test: { name: 'house', root: '.', include: ['test/**/*.test.ts'], globalSetup: [builtPackages] },
      },
    ],
  },
})
