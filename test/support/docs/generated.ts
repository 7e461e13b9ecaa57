// The documentation files that are generated from the source: for each path, the function that returns the text.
import { readImports, TRAINER, WORKER } from './floorPlan.ts'
import { drawFloorPlan } from './floorPlanPicture.ts'
import { writeOptionsPage } from './optionsPage.ts'

export const GENERATED: Readonly<Record<string, () => string>> = {
  'worker/floor-plan.svg': () => drawFloorPlan([WORKER, TRAINER], readImports()),
  'worker/OPTIONS.md': writeOptionsPage,
}
