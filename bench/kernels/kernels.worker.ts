/** The kernels in a worker of the browser, as the app runs them: says its rates once. */
import { measureKernels } from './measure.ts';

measureKernels().then(
  (rates) => postMessage({ rates }),
  (error: unknown) => postMessage({ error: String(error) }),
);
