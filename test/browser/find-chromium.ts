import { existsSync } from 'node:fs'

const usual = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/**
 * The Chromium or Chrome of this machine: the one that `CHROMIUM_PATH` names, else one of the usual places.
 *
 * @returns its path, or what is missing and how to get it
 */
export function findChromium(): { path: string; missing: null } | { path: null; missing: string } {
  const path = [process.env.CHROMIUM_PATH, ...usual].find((path) => path && existsSync(path))
  if (path) return { path, missing: null }
  const missing = 'there is no Chromium here: apt-get install chromium, or set CHROMIUM_PATH to a Chromium or Chrome'
  return { path: null, missing }
}
