export declare const LEAST_NODE: number
