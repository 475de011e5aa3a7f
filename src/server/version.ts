import { readFileSync } from 'node:fs'

/** The version of the package. */
export const version: string = readVersion()

function readVersion(): string {
  // The manifest stands two folders up from here, and three up from the compiled file in dist/.
  for (const path of ['../../package.json', '../../../package.json']) {
    try {
      const manifest: unknown = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'))
      if (typeof manifest === 'object' && manifest !== null && 'version' in manifest) return String(manifest.version)
    } catch {
      continue // not this one
    }
  }
  return 'unknown'
}
