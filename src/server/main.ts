/** The program. It looks at the version of Node before anything is loaded that an older one could not run. */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

if (major < 24 || (major === 24 && minor < 15)) {
  process.stderr.write(
    `crispin: Node.js 24.15 or newer is needed, this is ${process.versions.node}; bin/crispin runs the right one\n`,
  )
  process.exitCode = 1
} else {
  const { runCommandLine } = await import('./cli.ts')
  process.exitCode = await runCommandLine(process.argv.slice(2))
}
