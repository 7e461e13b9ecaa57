/**
 * Thrown if a choice of the visitor is not possible. The message is for the visitor. A refusal is not a bug, so it is
 * not logged.
 */
export class Refusal extends Error {}
