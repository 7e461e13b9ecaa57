// Fails with a sentence in a version of Node that is too old: as a program, before a script that would fail with a
// less clear message, or as an import. Uses only syntax that the old versions know.
/** The oldest version of Node that runs this project. */
export const LEAST_NODE = 20
const major = Number(process.versions.node.split('.')[0])

if (major < LEAST_NODE) {
  const message = `edge-srcnn needs Node ${LEAST_NODE} or newer, this is Node ${process.versions.node}`
  const isProgram = (process.argv[1] || '').endsWith('requireNode.mjs')
  if (!isProgram) throw new Error(message)
  console.error(message)
  process.exit(1)
}
