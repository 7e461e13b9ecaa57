// How a picture lies in its frame. Pure: lengths in CSS pixels, `zoom` in CSS pixels for a pixel of the picture.

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
  /** The picture's top left corner in the frame. */
  readonly x: number
  readonly y: number
}

/** The whole picture, in the middle. */
export function fitView(frame: Box, picture: Box): View {
  const zoom = Math.min(frame.width / picture.width, frame.height / picture.height)
  return settled({ zoom, x: 0, y: 0 }, frame, picture)
}

/** What lies under `at` stays there. */
export function zoomTo(view: View, zoom: number, at: Point, frame: Box, picture: Box): View {
  const ratio = zoom / view.zoom
  const x = at.x - (at.x - view.x) * ratio
  const y = at.y - (at.y - view.y) * ratio
  return settled({ zoom, x, y }, frame, picture)
}

export function panBy(view: View, by: Point, frame: Box, picture: Box): View {
  return settled({ ...view, x: view.x + by.x, y: view.y + by.y }, frame, picture)
}

/** Whether there is more of the picture than the frame shows. */
export function isLarger({ zoom }: View, frame: Box, picture: Box): boolean {
  return picture.width * zoom > frame.width + 1 || picture.height * zoom > frame.height + 1
}

/** No gap on one side while the other is cut off; what is smaller than the frame lies in its middle. */
function settled(view: View, frame: Box, picture: Box): View {
  const place = (at: number, room: number, length: number) =>
    length <= room ? (room - length) / 2 : Math.min(0, Math.max(room - length, at))
  return {
    zoom: view.zoom,
    x: place(view.x, frame.width, picture.width * view.zoom),
    y: place(view.y, frame.height, picture.height * view.zoom),
  }
}
