// Draws the floor plan as an SVG: one box per room, the highest floor on top, and an arrow from each room to every room
// that it imports. If a chain of other arrows connects two rooms, the direct arrow is left out (transitive reduction).
import { faultOf, type House, type Import, placeOf, type Room } from './floorPlan.ts'

/** All sizes and distances are in px. */
const WIDTH = 900
const MARGIN = 14
const BOX = { width: 136, height: 42 }
const COLUMN = BOX.width + 10
const FLOOR = BOX.height + 32
const TOP = 34
/** Distance between arrows that run side by side. */
const LANE = 7
/** Distance between an arrow and a box that it passes. */
const CLEARANCE = 5

/**
 * Column of a room within its floor, counted from the left. Rooms without an entry stand in the middle of their house.
 */
const COLUMNS: Readonly<Record<string, number>> = {
  'worker/cli': 0,
  'worker/app': 1,
  'worker/playground': 2,
  'worker/package': 3,
  'worker/cache': 1,
  'worker/origin': 2,
  'worker/signature': 0.5,
  'worker/client': 1,
  'worker/build': 3,
  'worker/codec': 1,
  'worker/engine': 2,
  'worker/image': 1,
  'worker/model': 2,
  'worker/base': 1.5,
  'worker/terminal': 0,
  'trainer/procedural': 0,
  'trainer/optimizer': 1,
}

const STYLE = `
  text { font: 11px system-ui, sans-serif; fill: #1f2328; text-anchor: middle }
  .name { font-size: 14px; font-weight: 600 }
  .house { font-size: 15px; font-weight: 600; text-anchor: start }
  .note { text-anchor: start }
  rect { fill: #f6f8fa; stroke: #818b98 }
  path { fill: none; stroke: #818b98; stroke-width: 1.2; marker-end: url(#tip) }
  marker path { fill: #818b98; stroke: none; marker-end: none }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    rect { fill: #161b22; stroke: #6e7681 }
    path { stroke: #8b949e }
    marker path { fill: #8b949e }
  }`

interface Box {
  readonly house: string
  readonly room: Room
  readonly floor: number
  /** `x` and `y` are the coordinates of the upper left corner. */
  readonly x: number
  readonly y: number
}

interface Arrow {
  readonly from: Box
  readonly to: Box
  /** The x at which the arrow passes the floors between its two boxes. */
  readonly lane: number
}

/** Returns the floor plan as the text of an SVG file. */
export function drawFloorPlan(houses: readonly House[], imports: readonly Import[]): string {
  const [left, right] = houses
  const widest = (house: House) => columnsOf(house) * COLUMN
  const placed = [
    ...boxesOf(left, MARGIN),
    ...(right ? boxesOf(right, WIDTH - MARGIN - widest(right) + COLUMN - BOX.width) : []),
  ]
  const arrows = houses.flatMap((house) => arrowsOf(placed, reduced(roomImports(imports, house))))
  const height = TOP + FLOOR * Math.max(...houses.map(({ floors }) => floors.length)) + 4
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}">`,
    `<title>Which rooms of ${houses.map(({ name }) => `${name}/`).join(' and ')} import which</title>`,
    `<style>${STYLE}\n</style>`,
    '<marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">' +
      '<path d="M0 0.5 L8 4 L0 7.5 Z"/></marker>',
    ...houses.map((house) => titleOf(house, placed)),
    ...(right ? notesOf(left, right, placed, imports) : []),
    ...pathsOf(arrows),
    ...placed.map(drawBox),
    '</svg>\n',
  ].join('\n')
}

function columnsOf({ name, floors }: House): number {
  return 1 + Math.max(...floors.flat().map(({ name: room }) => COLUMNS[`${name}/${room}`] ?? 0))
}

function boxesOf(house: House, x: number): Box[] {
  const middle = (columnsOf(house) - 1) / 2
  return house.floors.flatMap((rooms, floor) =>
    rooms.map((room) => ({
      house: house.name,
      room,
      floor,
      x: x + COLUMN * (COLUMNS[`${house.name}/${room.name}`] ?? middle),
      y: TOP + FLOOR * floor,
    })),
  )
}

/** Returns the name of each room of a house, with the names of the rooms below it that it imports. */
function roomImports(imports: readonly Import[], house: House): Map<string, Set<string>> {
  const rooms = new Map<string, Set<string>>(house.floors.flat().map(({ name }) => [name, new Set()]))
  for (const one of imports) {
    const [from, to] = [placeOf(one.from), placeOf(one.to)]
    const isWithin = from?.house === house.name && to?.house === house.name && from.room !== to.room
    if (isWithin && faultOf(one) === undefined) rooms.get(from.room)!.add(to.room)
  }
  return rooms
}

/**
 * Returns all pairs of a room and a room that it imports, except those whose rooms are also connected by a chain of
 * other imports.
 */
function reduced(rooms: ReadonlyMap<string, ReadonlySet<string>>): [string, string][] {
  const reaches = (from: string, to: string): boolean =>
    [...rooms.get(from)!].some((next) => next === to || reaches(next, to))
  return [...rooms].flatMap(([from, targets]) =>
    [...targets]
      .filter((to) => ![...targets].some((other) => other !== to && reaches(other, to)))
      .map((to): [string, string] => [from, to]),
  )
}

function arrowsOf(all: readonly Box[], pairs: readonly [string, string][]): Arrow[] {
  const house = pairs.length > 0 ? houseOf(all, pairs[0]) : ''
  const boxes = all.filter((box) => box.house === house)
  const find = (name: string) => boxes.find(({ room }) => room.name === name)!
  const arrows: Arrow[] = []
  const bySpan = pairs
    .map(([from, to]) => ({ from: find(from), to: find(to) }))
    .toSorted((a, b) => a.to.floor - a.from.floor - (b.to.floor - b.from.floor) || a.from.floor - b.from.floor)
  for (const { from, to } of bySpan) arrows.push({ from, to, lane: freeLane(from, to, boxes, arrows) })
  return arrows
}

function houseOf(all: readonly Box[], [from, to]: [string, string]): string {
  const isHere = (house: string, name: string) => all.some((box) => box.house === house && box.room.name === name)
  return all.find(({ house }) => isHere(house, from) && isHere(house, to))!.house
}

/**
 * Returns the x at which an arrow passes the floors between two boxes without touching a box or another arrow. Of all
 * such x, this is the one with the shortest detour.
 */
function freeLane(from: Box, to: Box, boxes: readonly Box[], arrows: readonly Arrow[]): number {
  const isBetween = (floor: number) => floor > from.floor && floor < to.floor
  const passed = boxes.filter(({ floor }) => isBetween(floor))
  const beside = arrows.filter((arrow) => arrow.to.floor > from.floor + 1 && arrow.from.floor < to.floor - 1)
  const isFree = (x: number) =>
    passed.every((box) => x <= box.x - CLEARANCE || x >= box.x + BOX.width + CLEARANCE) &&
    beside.every(({ lane }) => Math.abs(lane - x) >= LANE)
  const [start, end] = [from.x + BOX.width / 2, to.x + BOX.width / 2]
  if (passed.length === 0) return (start + end) / 2
  const right = Math.max(...boxes.map(({ x }) => x)) + BOX.width + 2 * LANE
  const lanes = Array.from({ length: Math.round(right) }, (_, x) => x).filter((x) => x > 4 && isFree(x))
  const detour = (x: number) => Math.abs(x - start) + Math.abs(x - end)
  return lanes.reduce((best, x) => (detour(x) < detour(best) ? x : best))
}

/**
 * Returns the arrows as SVG paths. Arrows leave a box at its lower edge and enter a box at its upper edge. Arrows at
 * the same edge are spread out in the order of their lanes.
 */
function pathsOf(arrows: readonly Arrow[]): string[] {
  return arrows.map((arrow) => {
    const { from, to } = arrow
    const leaving = arrows.filter((other) => other.from === from)
    const arriving = arrows.filter((other) => other.to === to)
    const [x1, y1] = [portOf(from, arrow, leaving, ({ lane, to: end }) => lane + end.x / WIDTH), from.y + BOX.height]
    const [x2, y2] = [portOf(to, arrow, arriving, ({ lane, from: start }) => lane + start.x / WIDTH), to.y - 1]
    if (to.floor === from.floor + 1) return pathOf([x1, y1], curve(x1, y1, x2, y2))
    const { lane } = arrow
    const [top, bottom] = [y1 + FLOOR - BOX.height, y2 + 1 - FLOOR + BOX.height]
    return pathOf([x1, y1], curve(x1, y1, lane, top), `L${num(lane)} ${num(bottom)}`, curve(lane, bottom, x2, y2))
  })
}

function portOf(box: Box, arrow: Arrow, all: readonly Arrow[], orderOf: (arrow: Arrow) => number): number {
  const sorted = all.toSorted((a, b) => orderOf(a) - orderOf(b))
  return box.x + (BOX.width * (1 + sorted.indexOf(arrow))) / (1 + sorted.length)
}

function curve(x1: number, y1: number, x2: number, y2: number): string {
  const middle = (y1 + y2) / 2
  return `C${num(x1)} ${num(middle)} ${num(x2)} ${num(middle)} ${num(x2)} ${num(y2)}`
}

function pathOf([x, y]: [number, number], ...rest: string[]): string {
  return `<path d="M${num(x)} ${num(y)} ${rest.join(' ')}"/>`
}

function num(value: number): string {
  return `${Math.round(value * 10) / 10}`
}

function drawBox({ room, x, y }: Box): string {
  const middle = num(x + BOX.width / 2)
  return [
    `<rect x="${num(x)}" y="${y}" width="${BOX.width}" height="${BOX.height}" rx="5"/>`,
    `<text class="name" x="${middle}" y="${y + 18}">${room.name}</text>`,
    `<text x="${middle}" y="${y + 33}">${room.what}</text>`,
  ].join('')
}

function titleOf({ name }: House, placed: readonly Box[]): string {
  const x = Math.min(...placed.filter(({ house }) => house === name).map((box) => box.x))
  return `<text class="house" x="${num(x)}" y="20">${name}/</text>`
}

const ROOMS_PER_LINE = 5

/**
 * Returns lines of text that list the rooms of the left house that the right house imports. The lines are drawn below
 * the right house.
 */
function notesOf(left: House, right: House, placed: readonly Box[], imports: readonly Import[]): string[] {
  const used = new Set<string>()
  for (const one of imports) {
    const [from, to] = [placeOf(one.from), placeOf(one.to)]
    if (from?.house === right.name && to?.house === left.name && faultOf(one) === undefined) used.add(to.room)
  }
  const x = Math.min(...placed.filter(({ house }) => house === right.name).map((box) => box.x))
  const y = TOP + FLOOR * right.floors.length + 16
  const rooms = [...used].toSorted()
  const lines = [`imports of ${left.name}/:`]
  for (let i = 0; i < rooms.length; i += ROOMS_PER_LINE) lines.push(rooms.slice(i, i + ROOMS_PER_LINE).join(', '))
  return lines.map((line, i) => `<text class="note" x="${num(x)}" y="${y + 16 * i}">${line}</text>`)
}
