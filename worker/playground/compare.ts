// Shows the pictures before and after enlarging in one frame, with a divider between them. Both zoom and pan together.
// The divider is a range input, so that pointer and keyboard set the same value and assistive technology can read it.
import { type Box, fitView, isLarger, panBy, type Point, type View, zoomTo } from './view.ts'

/** Screen pixels per pixel of the result; `fit` shows the whole picture. */
export type Zoom = 'fit' | number

/** Largest zoom, in screen pixels per pixel of the result. */
const MAX_ZOOM = 16
/** Factor of one zoom step. */
const STEP = Math.SQRT2
/** Distance that an arrow key pans, in CSS pixels. */
const ARROW_STEP = 40
/** Distance from the divider, in CSS pixels, within which a pointer moves the divider and not the picture. */
const GRIP = 28

export interface Compare {
  /** Sets the result's size in pixels after new images are loaded. The zoom is kept if the size is the same. */
  setSize(size: Box): void
  zoomTo(zoom: Zoom): void
  /** Zooms in by `steps` steps; zooms out if `steps` is negative. */
  zoomBy(steps: number): void
}

/** Makes `stage` interactive. `onZoom` receives the zoom after each change. */
export function createCompare(stage: HTMLElement, onZoom: (zoom: Zoom) => void): Compare {
  const input = stage.querySelector('input')!
  let picture: Box = { width: 960, height: 720 }
  let zoom: Zoom = 'fit'
  let frame: Box = { width: 1, height: 1 }
  let view: View = { zoom: 1, x: 0, y: 0 }

  const pixel = () => 1 / devicePixelRatio
  const middle = (): Point => ({ x: frame.width / 2, y: frame.height / 2 })
  const set = (name: string, value: string) => stage.style.setProperty(name, value)
  const show = (next: View) => {
    view = next
    set('--x', `${view.x}px`)
    set('--y', `${view.y}px`)
    set('--w', `${picture.width * view.zoom}px`)
    set('--h', `${picture.height * view.zoom}px`)
    stage.classList.toggle('movable', isLarger(view, frame, picture))
    // If a pixel of the picture covers at least 1.5 screen pixels, the pixels are drawn as sharp squares.
    stage.classList.toggle('close', view.zoom >= 1.5 * pixel())
  }
  const go = (next: Zoom, at = middle()) => {
    zoom = next
    const fit = fitView(frame, picture)
    if (next !== 'fit') {
      const least = Math.min(fit.zoom, pixel())
      const wanted = Math.min(MAX_ZOOM * pixel(), Math.max(least, next * pixel()))
      zoom = wanted / pixel()
      show(zoomTo(view, wanted, at, frame, picture))
    } else show(fit)
    onZoom(zoom)
  }
  const goBy = (factor: number, at?: Point) => go((view.zoom / pixel()) * factor, at)

  const divide = (percent: number) => {
    input.value = `${percent}`
    set('--at', `${percent}%`)
    input.setAttribute('aria-valuetext', `${Math.round(percent)} percent shows the before`)
  }
  const divideAt = ({ x }: Point) => divide(Math.min(100, Math.max(0, (100 * x) / frame.width)))
  input.addEventListener('input', () => divide(Number(input.value)))
  divide(Number(input.value))

  new ResizeObserver(() => {
    frame = { width: stage.clientWidth, height: stage.clientHeight }
    if (zoom === 'fit') show(fitView(frame, picture))
    else show(panBy(view, { x: 0, y: 0 }, frame, picture))
  }).observe(stage)

  followPointers(stage, input, {
    isGrip: ({ x }) =>
      !stage.classList.contains('movable') || Math.abs(x - (frame.width * Number(input.value)) / 100) < GRIP,
    divideAt,
    pan: (by) => show(panBy(view, by, frame, picture)),
    zoomBy: goBy,
  })
  stage.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const arrow = ARROWS[event.key]
    const isOnDivider = event.target === input
    if (event.key === '+' || event.key === '=') goBy(STEP)
    else if (event.key === '-') goBy(1 / STEP)
    else if (event.key === '0') go('fit')
    else if (event.key === '1') go(1)
    else if (arrow && (!isOnDivider || event.shiftKey)) show(panBy(view, arrow, frame, picture))
    else return
    event.preventDefault()
  })

  return {
    setSize(size) {
      const isSame = size.width === picture.width && size.height === picture.height
      picture = size
      if (!isSame || zoom === 'fit') go('fit')
    },
    zoomTo: (next) => go(next),
    zoomBy: (steps) => goBy(STEP ** steps),
  }
}

const ARROWS: Readonly<Partial<Record<string, Point>>> = {
  ArrowLeft: { x: ARROW_STEP, y: 0 },
  ArrowRight: { x: -ARROW_STEP, y: 0 },
  ArrowUp: { x: 0, y: ARROW_STEP },
  ArrowDown: { x: 0, y: -ARROW_STEP },
}

/** The actions that pointer events cause. Points are relative to the frame, in CSS pixels. */
interface Moves {
  /** True if a pointer that is pressed at this point moves the divider and not the picture. */
  isGrip(at: Point): boolean
  divideAt(at: Point): void
  pan(by: Point): void
  zoomBy(factor: number, at: Point): void
}

/**
 * Turns pointer events into moves. One pointer moves the divider or the picture; a pinch of two pointers or the wheel
 * zooms.
 */
function followPointers(stage: HTMLElement, input: HTMLInputElement, moves: Moves): void {
  const down = new Map<number, Point>()
  let isDividing = false
  let isSpaceHeld = false
  const at = (event: MouseEvent): Point => {
    const { left, top } = stage.getBoundingClientRect()
    return { x: event.clientX - left - stage.clientLeft, y: event.clientY - top - stage.clientTop }
  }

  stage.addEventListener('pointerdown', (event) => {
    const isMiddle = event.button === 1
    if (event.button !== 0 && !isMiddle) return
    event.preventDefault()
    stage.setPointerCapture(event.pointerId)
    down.set(event.pointerId, at(event))
    isDividing = down.size === 1 && !isMiddle && !isSpaceHeld && moves.isGrip(at(event))
    const focused = isDividing ? input : stage
    focused.focus({ preventScroll: true })
    if (isDividing) moves.divideAt(at(event))
    stage.classList.toggle('panning', !isDividing)
  })
  stage.addEventListener('pointermove', (event) => {
    const before = down.get(event.pointerId)
    if (!before) return
    const now = at(event)
    down.set(event.pointerId, now)
    if (isDividing) return moves.divideAt(now)
    const other = [...down].find(([id]) => id !== event.pointerId)?.[1]
    if (other) {
      const distance = (point: Point) => Math.hypot(point.x - other.x, point.y - other.y)
      const centre = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 }
      if (distance(before) > 0) moves.zoomBy(distance(now) / distance(before), centre)
    }
    const share = other ? 0.5 : 1 // with two fingers, their midpoint moves half as far as the moved finger
    moves.pan({ x: share * (now.x - before.x), y: share * (now.y - before.y) })
  })
  const lift = (event: PointerEvent) => {
    down.delete(event.pointerId)
    if (down.size > 0) return
    isDividing = false
    stage.classList.remove('panning')
  }
  stage.addEventListener('pointerup', lift)
  stage.addEventListener('pointercancel', lift)
  stage.addEventListener('dragstart', (event) => event.preventDefault())

  stage.addEventListener(
    'wheel',
    (event) => {
      // The wheel zooms if the stage has the focus or is zoomed in; otherwise it scrolls the page.
      const isBusyWith = stage.matches(':focus-within') || stage.classList.contains('movable')
      if (!event.ctrlKey && !isBusyWith) return
      event.preventDefault()
      const pixels = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 32 * event.deltaY : event.deltaY
      moves.zoomBy(Math.exp(-pixels / (event.ctrlKey ? 100 : 400)), at(event))
    },
    { passive: false },
  )
  stage.addEventListener('keydown', (event) => {
    if (event.key !== ' ') return
    event.preventDefault()
    isSpaceHeld = true
    stage.classList.add('held')
  })
  const letGo = () => {
    isSpaceHeld = false
    stage.classList.remove('held')
  }
  stage.addEventListener('keyup', (event) => event.key === ' ' && letGo())
  stage.addEventListener('focusout', letGo)
}
