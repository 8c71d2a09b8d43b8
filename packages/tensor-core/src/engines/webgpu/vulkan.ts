/**
 * Why Dawn cannot find a GPU through Vulkan on this Linux machine, looked up beforehand: asked itself, it prints
 * warnings.
 *
 * @returns the reason; null where Vulkan has a loader and a driver, on other systems and outside Node
 */
export function vulkanProblem(): string | null {
  const process = globalThis.process
  if (process?.platform !== 'linux' || typeof process.getBuiltinModule !== 'function') return null
  if (!loaderIsThere(process)) return 'the Vulkan loader libvulkan.so.1 is missing (on Debian: apt install libvulkan1)'
  if (driverFiles(process).length > 0) return null
  return "there is no Vulkan driver (no .json in /usr/share/vulkan/icd.d and the like). Install the GPU's driver"
}

function loaderIsThere(process: NodeJS.Process): boolean {
  try {
    process.dlopen({ exports: {} }, 'libvulkan.so.1') // found, it fails too: it is no module of Node's
    return true
  } catch (error) {
    return !/cannot open shared object/.test(String(error))
  }
}

/** Where the loader looks: the documented order of Vulkan's LoaderDriverInterface. */
function driverFiles({ env, getBuiltinModule }: NodeJS.Process): string[] {
  const { existsSync, readdirSync } = getBuiltinModule('node:fs')
  const split = (list: string | undefined) => (list ?? '').split(':').filter((path) => path !== '')
  const named = split(env.VK_DRIVER_FILES || env.VK_ICD_FILENAMES)
  if (named.length > 0) return named.filter((path) => existsSync(path))
  const roots = [
    env.XDG_CONFIG_HOME ?? `${env.HOME}/.config`,
    ...split(env.XDG_CONFIG_DIRS ?? '/etc/xdg'),
    '/etc',
    env.XDG_DATA_HOME ?? `${env.HOME}/.local/share`,
    ...split(env.XDG_DATA_DIRS ?? '/usr/local/share:/usr/share'),
  ]
  const folders = roots.map((root) => `${root}/vulkan/icd.d`).filter((folder) => existsSync(folder))
  const found = folders.flatMap((folder) => readdirSync(folder).filter((name) => name.endsWith('.json')))
  return [...found, ...split(env.VK_ADD_DRIVER_FILES)]
}
