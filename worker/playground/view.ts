// The position of a picture in its frame. Lengths are CSS pixels; `zoom` is CSS pixels per pixel of the picture.

export interface Box {
  readonly width: number
  readonly height: number
}

export interface Point {
  readonly x: number
  readonly y: number
}

export interface View {
  readonly zoom: number
  /** Position of the picture's top left corner, relative to the frame's top left corner. */
  readonly x: number
  readonly y: number
}

/** Returns the view that shows the whole picture, centred. */
export function fitView(frame: Box, picture: Box): View {
  const zoom = Math.min(frame.width / picture.width, frame.height / picture.height)
  return settled({ zoom, x: 0, y: 0 }, frame, picture)
}

/** Returns the view with another zoom. The part of the picture that is at the point `at` of the frame stays there. */
export function zoomTo(view: View, zoom: number, at: Point, frame: Box, picture: Box): View {
  const ratio = zoom / view.zoom
  const x = at.x - (at.x - view.x) * ratio
  const y = at.y - (at.y - view.y) * ratio
  return settled({ zoom, x, y }, frame, picture)
}

/** Returns the view moved by the distance `by`. */
export function panBy(view: View, by: Point, frame: Box, picture: Box): View {
  return settled({ ...view, x: view.x + by.x, y: view.y + by.y }, frame, picture)
}

/** True if the picture is larger than the frame. */
export function isLarger({ zoom }: View, frame: Box, picture: Box): boolean {
  return picture.width * zoom > frame.width + 1 || picture.height * zoom > frame.height + 1
}

/**
 * Returns a view without needless gaps: a picture that fits is centred, a larger one reaches both edges of the frame.
 */
function settled(view: View, frame: Box, picture: Box): View {
  const place = (at: number, room: number, length: number) =>
    length <= room ? (room - length) / 2 : Math.min(0, Math.max(room - length, at))
  return {
    zoom: view.zoom,
    x: place(view.x, frame.width, picture.width * view.zoom),
    y: place(view.y, frame.height, picture.height * view.zoom),
  }
}
