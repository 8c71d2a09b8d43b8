/** The most bytes a string can be sure to hold: V8 allows 2²⁹ − 24 code units. */
export const longestText = 2 ** 29 - 24
