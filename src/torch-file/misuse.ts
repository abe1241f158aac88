/** What is wrong with a pickle, in words; the machine adds where, and makes a known error of it. */
export class Misuse extends Error {}
