import { requestAdapter } from '../engines/webgpu/request-device.js'

const variables = 'VK_ICD_FILENAMES=/usr/lib/chromium/vk_swiftshader_icd.json LD_LIBRARY_PATH=/usr/lib/chromium'

/**
 * Why tests cannot use the webgpu engine here, and the way to get it; null when they can, be it on a software GPU.
 *
 * @returns the reason for skipping them
 */
export async function webgpuUnavailable(): Promise<string | null> {
  try {
    await requestAdapter()
    return null
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^useEngine: /, '') : String(error)
    return `${reason} For tests a software GPU will do: on Debian apt install chromium, then set ${variables}`
  }
}
