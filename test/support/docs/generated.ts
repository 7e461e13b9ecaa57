// The files of the documentation that are made of the source, by path.
import { readImports, TRAINER, WORKER } from './floorPlan.ts'
import { drawFloorPlan } from './floorPlanPicture.ts'
import { writeOptionsPage } from './optionsPage.ts'

export const GENERATED: Readonly<Record<string, () => string>> = {
  'worker/floor-plan.svg': () => drawFloorPlan([WORKER, TRAINER], readImports()),
  'worker/OPTIONS.md': writeOptionsPage,
}
