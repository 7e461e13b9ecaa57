// How far a run is: one line that is rewritten on a terminal, a line now and then elsewhere.
import type { WriteStream } from 'node:tty'

export interface Progress {
  /** After every step, with that batch's loss; the running mean that is shown: batches differ by a factor of two. */
  update(step: number, loss: number): number
  /** After each validation: PSNR in dB, and what bicubic has on the same pictures. */
  validated(psnr: number, bicubic: number): void
  /** Leaves the last state on a line of its own. */
  end(): void
}

const REDRAW_MS = 200
const LINE_MS = 15_000
const BAR_LENGTH = 20
/** The loss is a running mean over about so many. */
const SMOOTHING_STEPS = 100

export function createProgress(
  label: string,
  { first, steps, batch }: { first: number; steps: number; batch: number },
  stream: Pick<WriteStream, 'write'> & { isTTY?: boolean } = process.stderr,
): Progress {
  const start = performance.now()
  let drawn = start
  let mean = 0
  let seen = 0
  let line = ''
  let quality = ''
  const draw = (step: number) => {
    const seconds = (performance.now() - start) / 1000
    const perSecond = (step - first) / seconds
    const share = step / steps
    const bar = '#'.repeat(Math.round(share * BAR_LENGTH)).padEnd(BAR_LENGTH, '.')
    line = [
      `${label} ${stream.isTTY ? `[${bar}] ` : ''}${(100 * share).toFixed(0).padStart(3)} %`,
      `step ${step}/${steps}`,
      `loss ${mean.toExponential(3)}`,
      ...(quality ? [quality] : []),
      `${Math.round(perSecond * batch)} patches/s`,
      `${formatSeconds((steps - step) / perSecond)} left`,
    ].join('  ')
    // \x1b[K clears what a longer line left behind.
    stream.write(stream.isTTY ? `\r${line}\x1b[K` : `${line}\n`)
  }
  return {
    update(step, loss) {
      seen = Math.min(seen + 1, SMOOTHING_STEPS)
      mean += (loss - mean) / seen
      const now = performance.now()
      if (now - drawn >= (stream.isTTY ? REDRAW_MS : LINE_MS) || step === steps) {
        drawn = now
        draw(step)
      }
      return mean
    },
    validated(psnr, bicubic) {
      const more = psnr - bicubic
      quality = `${psnr.toFixed(2)} dB (${more < 0 ? '' : '+'}${more.toFixed(2)} to bicubic)`
    },
    end: () => {
      if (stream.isTTY && line) stream.write('\n')
    },
  }
}

/** `1:02:03` or `2:03`. */
export function formatSeconds(seconds: number): string {
  const whole = Math.ceil(seconds)
  const parts = [Math.floor(whole / 60) % 60, whole % 60].map((v) => `${v}`.padStart(2, '0'))
  const hours = Math.floor(whole / 3600)
  return hours > 0 ? `${hours}:${parts.join(':')}` : parts.join(':').replace(/^0/, '')
}
