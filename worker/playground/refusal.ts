/** What cannot be done, in words for the visitor; no bug, so that nothing is logged. */
export class Refusal extends Error {}
