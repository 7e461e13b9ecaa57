// Draws the line that shows how far a run is, with its loss and PSNR.
import {
  barOf,
  createProgressLine,
  formatSeconds,
  percentOf,
  type ProgressStream,
} from '../../worker/terminal/progressLine.ts'

export interface TrainingProgress {
  /**
   * Must be called after every step with the step's loss. Returns the running mean of the losses. The line shows this
   * mean, because the losses of single batches differ by a factor of two.
   */
  update(step: number, loss: number): number
  /** Must be called after each validation with the PSNR, in dB, of the model and of bicubic on the same pictures. */
  validated(psnr: number, bicubic: number): void
  /** Ends the line. Its last text stays visible. */
  end(): void
}

/** The loss that is shown is a running mean over about this many steps. */
const SMOOTHING_STEPS = 100

export function createTrainingProgress(
  label: string,
  { first, steps, batch }: { first: number; steps: number; batch: number },
  stream: ProgressStream = process.stderr,
): TrainingProgress {
  const line = createProgressLine(stream)
  const start = performance.now()
  let mean = 0
  let seen = 0
  let quality = ''
  const textAt = (step: number) => {
    const seconds = (performance.now() - start) / 1000
    const perSecond = (step - first) / seconds
    const share = step / steps
    return [
      `${label} ${barOf(share, stream)}${percentOf(share)}`,
      `step ${step}/${steps}`,
      `loss ${mean.toExponential(3)}`,
      ...(quality ? [quality] : []),
      `${Math.round(perSecond * batch)} patches/s`,
      `${formatSeconds((steps - step) / perSecond)} left`,
    ].join('  ')
  }
  return {
    update(step, loss) {
      seen = Math.min(seen + 1, SMOOTHING_STEPS)
      mean += (loss - mean) / seen
      line.draw(() => textAt(step), step === steps)
      return mean
    },
    validated(psnr, bicubic) {
      const more = psnr - bicubic
      quality = `${psnr.toFixed(2)} dB (${more < 0 ? '' : '+'}${more.toFixed(2)} to bicubic)`
    },
    end: () => line.end(),
  }
}
