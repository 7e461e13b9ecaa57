/** The operator's name for the parameter `sr` (SR_PARAM); app.ts writes it into the page. */
export const PARAM = document.documentElement.dataset.param ?? 'sr'
