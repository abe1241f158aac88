/** Calls into a worker of a test: `{ name, inputs }` there, `{ value }` or `{ error }`, an error's code and facts, back. */

type Calls = Readonly<Record<string, (...inputs: never[]) => unknown>>;

/** Rejects with the error's code and facts, as plain values. */
export function callsOf<C extends Calls>(worker: Worker) {
  return async <N extends keyof C & string>(
    name: N,
    ...inputs: Parameters<C[N]>
  ): Promise<Awaited<ReturnType<C[N]>>> => {
    const answer = new Promise<MessageEvent>((resolve) =>
      worker.addEventListener('message', resolve, { once: true }),
    );
    worker.postMessage({ name, inputs });
    const { data } = (await answer) as { data: { value: Awaited<ReturnType<C[N]>>; error?: unknown } };
    if (data.error === undefined) return data.value;
    return Promise.reject<never>(data.error);
  };
}
