// The floor plan: which rooms there are, on which floor each lies, and which imports run between them. The test of the
// rule (test/unit/docs/floorPlan.test.ts) and the drawing (test/fixtures/docs.ts) both read it.
//
// The rule: an import stays in its room or runs to a lower floor, and no two files import each other.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

const ROOT = join(import.meta.dirname, '../../..')

/** A folder, or files beside the folders that do one thing. */
export interface Room {
  readonly name: string
  readonly what: string
  /** Files and folders below the house. Default: the folder of the room's name. */
  readonly paths?: readonly string[]
}

/** A part of the repository with rooms of its own, from the highest floor down. */
export interface House {
  readonly name: string
  readonly floors: readonly (readonly Room[])[]
}

export const WORKER: House = {
  name: 'worker',
  floors: [
    [{ name: 'index', what: 'the deployed worker', paths: ['index.ts'] }],
    [
      { name: 'app', what: 'its own pages', paths: ['app.ts'] },
      { name: 'cli', what: 'the command line' },
      { name: 'playground', what: 'the page to try it' },
      { name: 'package', what: 'what npm gets' },
    ],
    [{ name: 'entries', what: 'one file a runtime', paths: ['workers.ts', 'node.ts', 'nodeReady.ts'] }],
    [{ name: 'middleware', what: 'the Hono middleware', paths: ['middleware.ts'] }],
    [{ name: 'request', what: 'parameters to answer' }],
    [
      { name: 'cache', what: 'keys, entries, stores' },
      { name: 'origin', what: 'the original picture' },
    ],
    [{ name: 'picture', what: 'plan, decode, encode' }],
    [
      { name: 'options', what: 'what can be set', paths: ['options.ts', 'variables.ts'] },
      { name: 'signature', what: 'signed URLs', paths: ['signature.ts'] },
    ],
    [{ name: 'client', what: 'URLs for pages' }],
    [
      { name: 'platform', what: 'what a runtime lends' },
      { name: 'build', what: 'compiles, bundles' },
    ],
    [
      { name: 'codec', what: 'decoders, encoders' },
      { name: 'engine', what: 'runs networks' },
    ],
    [
      { name: 'image', what: 'planes, colour, resize' },
      { name: 'model', what: 'networks, ONNX files' },
    ],
    [
      { name: 'base', what: 'errors, digests, time' },
      { name: 'terminal', what: 'arguments, progress' },
    ],
  ],
}

export const TRAINER: House = {
  name: 'trainer',
  floors: [
    [{ name: 'main', what: 'the two programs', paths: ['main.ts', 'evaluate.ts'] }],
    [{ name: 'commands', what: 'a command a file' }],
    [{ name: 'report', what: 'pages and plots' }],
    [{ name: 'ship', what: 'weights to buckets' }],
    [{ name: 'evaluate', what: 'PSNR and SSIM' }],
    [{ name: 'baseline', what: 'A+, to compare with' }],
    [{ name: 'run', what: 'fit, export, checkpoints' }],
    [{ name: 'data', what: 'pictures to patches' }],
    [
      { name: 'procedural', what: 'draws pictures' },
      { name: 'optimizer', what: 'Adam, SGD, SOAP' },
    ],
    [{ name: 'engine', what: 'gradients, by backend' }],
    [{ name: 'base', what: 'seeds' }],
  ],
}

/** Rooms on lower floors that these rooms must not import all the same: they share pictures with the worker, not requests. */
const WITHOUT_REQUESTS = ['cli', 'playground', 'package']
const OF_REQUESTS = ['middleware', 'request', 'cache', 'origin']

/** Rooms of the worker that the trainer may import; the worker imports nothing of the trainer. */
const FOR_TRAINER = ['picture', 'client', 'platform', 'codec', 'engine', 'image', 'model', 'terminal', 'base']

/** `worker/request/params.ts` imports `worker/base/errors.ts`. */
export interface Import {
  readonly from: string
  readonly to: string
}

/** In `from '...'`, `import '...'` and `import('...')`. An alias such as `#artefacts` is no path, and does not count. */
const RELATIVE_IMPORT = /(?:\bfrom\s+|\bimport\s+|\bimport\()(['"])(\.\.?\/[^'"]+)\1/g

/** Returns every import of one source file of the houses by another, sorted. */
export function readImports(houses: readonly House[] = [WORKER, TRAINER]): Import[] {
  const files = houses.flatMap(({ name }) => sourcesBelow(name))
  const imports = files.flatMap((from) => {
    const targets = [...readFileSync(join(ROOT, from), 'utf8').matchAll(RELATIVE_IMPORT)].map(([, , path]) =>
      join(dirname(from), path),
    )
    return [...new Set(targets)].filter((to) => files.includes(to)).map((to) => ({ from, to }))
  })
  return imports.toSorted((a, b) => compare(a.from, b.from) || compare(a.to, b.to))
}

function sourcesBelow(house: string): string[] {
  const entries = readdirSync(join(ROOT, house), { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile() && /(?<!\.d)\.(ts|mjs)$/.test(entry.name))
    .map(({ parentPath, name }) => relative(ROOT, join(parentPath, name)))
    .filter((path) => !/^worker\/examples\/|^trainer\/runs\//.test(path))
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** A room and how far down it lies. */
export interface Place {
  readonly house: string
  readonly room: string
  readonly floor: number
}

/** Returns where a file lies, or undefined if the plan does not know it. */
export function placeOf(file: string): Place | undefined {
  for (const { name: house, floors } of [WORKER, TRAINER]) {
    for (const [floor, rooms] of floors.entries()) {
      for (const { name: room, paths = [`${room}/`] } of rooms) {
        const isHere = (path: string) => (path.endsWith('/') ? file.startsWith(path) : file === path)
        if (paths.some((path) => isHere(`${house}/${path}`))) return { house, room, floor }
      }
    }
  }
  return undefined
}

/** Says what is wrong with an import, or returns undefined if it keeps the rule. */
export function faultOf({ from, to }: Import): string | undefined {
  const [above, below] = [placeOf(from), placeOf(to)]
  if (!above || !below) return `${above ? to : from} lies in no room of the floor plan`
  const fault = `${from} imports ${to}`
  if (above.house !== below.house) {
    if (above.house === 'worker') return `${fault}: the worker imports nothing of the trainer`
    return FOR_TRAINER.includes(below.room) ? undefined : `${fault}: the trainer imports nothing of ${below.room}`
  }
  if (above.room === below.room) return undefined
  if (above.floor >= below.floor) return `${fault}: ${above.room} does not lie above ${below.room}`
  const isForbidden =
    above.house === 'worker' && WITHOUT_REQUESTS.includes(above.room) && OF_REQUESTS.includes(below.room)
  return isForbidden ? `${fault}: ${above.room} imports nothing of ${below.room}` : undefined
}

/** Returns the files that import each other, each circle as a list (strongly connected components, Tarjan 1972). */
export function circlesOf(imports: readonly Import[]): string[][] {
  const next = new Map<string, string[]>()
  for (const { from, to } of imports) next.set(from, [...(next.get(from) ?? []), to])
  const order = new Map<string, number>()
  const lowest = new Map<string, number>()
  const stack: string[] = []
  const circles: string[][] = []
  const visit = (file: string): void => {
    order.set(file, order.size)
    lowest.set(file, order.get(file)!)
    stack.push(file)
    for (const other of next.get(file) ?? []) {
      if (!order.has(other)) visit(other)
      if (stack.includes(other)) lowest.set(file, Math.min(lowest.get(file)!, lowest.get(other)!))
    }
    if (lowest.get(file) !== order.get(file)) return
    const circle = stack.splice(stack.indexOf(file))
    if (circle.length > 1) circles.push(circle.toSorted())
  }
  for (const file of next.keys()) if (!order.has(file)) visit(file)
  return circles
}
