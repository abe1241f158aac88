/** As many test files as run at a time: they wait for pages, workers and the Hub more than they compute. */
export const placeCount = 2;

/**
 * Hosts, copies for when there is no network, quotas, recipes mixed again, picked folders, the list of requests beside the Hub's own log,
 * kept modules, what a person has set in the browser: minutes, most in profiles of their own. By `npm run test:long`, since all the others have to end within a quarter of an hour on two cores.
 */
export const longTests = [
  ...['comfort', 'deploy', 'kept', 'kept-module', 'ledger', 'offline', 'recipe', 'save-folder'],
].map((name) => `test/e2e/${name}.test.ts`);
