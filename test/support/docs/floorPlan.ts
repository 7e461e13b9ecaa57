// The floor plan has two houses, worker/ and trainer/. It sorts their source files into rooms, and puts each room on a
// floor. test/unit/docs/floorPlan.test.ts checks the rule below, and test/fixtures/docs.ts draws the plan.
//
// The rule: a file may import files of its own room and of rooms on lower floors. Imports never form a cycle.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

const ROOT = join(import.meta.dirname, '../../..')

/** A part of a house (worker/ or trainer/) with one job: a folder, or a few files directly in the house. */
export interface Room {
  readonly name: string
  readonly what: string
  /** Paths of the room's files and folders, relative to the house. Default: the folder with the room's name. */
  readonly paths?: readonly string[]
}

/** A part of the repository that is divided into rooms. `floors` begins with the highest floor. */
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
    [{ name: 'entries', what: 'one file a runtime', paths: ['workers.ts', 'node.ts', 'nodeReady.ts', 'edgeLight.ts'] }],
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
      { name: 'client', what: 'URLs for pages' },
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

/**
 * Rooms that work on pictures, but not on requests. They must not import the rooms in OF_REQUESTS, although those are
 * on lower floors.
 */
const WITHOUT_REQUESTS = ['cli', 'playground', 'package']
const OF_REQUESTS = ['middleware', 'request', 'cache', 'origin']

/** Rooms of the worker that the trainer may import. The worker must not import anything of the trainer. */
const FOR_TRAINER = ['picture', 'client', 'platform', 'codec', 'engine', 'image', 'model', 'terminal', 'base']

/** An import, for example from `worker/request/params.ts` to `worker/base/errors.ts`. */
export interface Import {
  readonly from: string
  readonly to: string
}

/**
 * Matches the relative path in `from '...'`, `import '...'` and `import('...')`, but not an alias such as `#artefacts`.
 */
const RELATIVE_IMPORT = /(?:\bfrom\s+|\bimport\s+|\bimport\()(['"])(\.\.?\/[^'"]+)\1/g

/** Returns all imports between source files of the houses, sorted by path. */
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

/** A room and its floor. Floor 0 is the highest. */
export interface Place {
  readonly house: string
  readonly room: string
  readonly floor: number
}

/** Returns the room and floor of a file, or undefined if the file is in no room. */
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

/** Returns what is wrong with an import, or undefined if the import keeps the rule. */
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

/** Returns all import cycles, each as a sorted list of files (strongly connected components, Tarjan 1972). */
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
