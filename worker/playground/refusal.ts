/** Something that is not possible; the message is for the visitor. It is not a bug, so it is not logged. */
export class Refusal extends Error {}
