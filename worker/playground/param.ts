/** What the operator calls `sr` (SR_PARAM): app.ts writes it into the page. */
export const PARAM = document.documentElement.dataset.param ?? 'sr'
