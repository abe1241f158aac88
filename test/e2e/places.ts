/** As many test files as run at a time: they wait for pages, workers and the Hub more than they compute. */
export const placeCount = 2;
