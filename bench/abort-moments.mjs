/**
 * How soon a call of a worker's ends that is aborted, and how soon the worker answers the next one: at many moments of each call.
 *
 * Plain JavaScript that imports nothing: it runs in Node and in a page.
 */

const MOST_MOMENTS = 60;
/** So long a call is tried; one that lasts longer is aborted within its first so many milliseconds. */
const LONGEST_MS = 1500;
/** A call must be under way for the moment to count. */
const FEWEST_MOMENTS = 30;
/** A call that is over before a timer can strike gives no moments, however often it is begun. */
const MOST_TRIES = 100;

/**
 * Aborts each of `calls` at random moments. `start(signal)` begins the call; `undo` puts back what a finished one has changed; `probe` is a short
 * call to the same worker, made as the signal is raised. Answers, by call, how long it takes unaborted and the times from `abort()`, in milliseconds.
 */
export async function abortMoments({ calls, probe, random }) {
  const found = [];
  for (const { name, start, undo = async () => {} } of calls) {
    let duration = await whole(start, undo);
    if (duration < LONGEST_MS) duration = await whole(start, undo);
    const [rejected, answered] = [[], []];
    const end = performance.now() + LONGEST_MS;
    for (let tries = 0; tries < MOST_TRIES && rejected.length < MOST_MOMENTS; tries++) {
      if (performance.now() > end && rejected.length >= FEWEST_MOMENTS) break;
      const controller = new AbortController();
      const reason = new Error("not wanted");
      let rejectedAt;
      const over = start(controller.signal).then(
        () => undo(),
        (error) => {
          if (error !== reason) throw error;
          rejectedAt = performance.now();
        },
      );
      await pause(Math.min(duration, LONGEST_MS) * random());
      const abortedAt = performance.now();
      controller.abort(reason);
      const next = probe().then(() => performance.now());
      await over;
      const answeredAt = await next;
      if (rejectedAt === undefined) continue; // it was over before
      rejected.push(rejectedAt - abortedAt);
      answered.push(answeredAt - abortedAt);
    }
    found.push({ name, duration, rejected, answered });
  }
  return found;
}

async function whole(start, undo) {
  const from = performance.now();
  await start(undefined);
  const duration = performance.now() - from;
  await undo();
  return duration;
}

function pause(milliseconds) {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

/**
 * The long calls of a worker over dumps of `workerWorlds`. `parts`: how much of the large ones is asked for. `signal` is left out of the options
 * where there is none.
 */
export async function longCalls({ worker, sources, root, roots, pages, translations, range, mapped, random }) {
  const [memory, before, after] = await Promise.all(
    [sources.memory, sources.before, sources.after].map((source) => worker.openDump(source)),
  );
  const monitor = await worker.createMonitor({ dump: before });
  const vas = BigUint64Array.from({ length: translations }, () => BigInt(Math.floor(random() * pages)) * 4096n);
  const space = (signal) => ({ root, ...(range && { range }), ...withSignal(signal) });
  const toTheEnd = async (listing) => {
    let rows = 0;
    for await (const { length } of (await listing).pages()) rows += length;
    return rows;
  };
  const kept = new Relay();
  const keptListing = await worker.changes(before, after, space(kept));
  await toTheEnd(keptListing);
  let isAfter = false;
  const calls = [
    { name: "openDump, compressed", start: async (signal) => (await worker.openDump(sources.packed, withSignal(signal))).close() },
    { name: "findRoots", start: (signal) => worker.findRoots(memory, withSignal(signal)) },
    { name: "summarize", start: (signal) => worker.summarize(before, space(signal)) },
    { name: "mappings to the end", start: (signal) => toTheEnd(worker.mappings(before, { ...space(signal), range: mapped })) },
    { name: "changes to the end", start: (signal) => toTheEnd(worker.changes(before, after, space(signal))) },
    {
      name: "the same, the tables being kept",
      start: (signal) => {
        kept.follow(signal);
        return toTheEnd(keptListing);
      },
    },
    {
      name: `changesOfRoots, ${roots.length} roots`,
      start: (signal) => toTheEnd(worker.changesOfRoots(memory, memory, { roots, ...withSignal(signal) })),
    },
    {
      name: `monitorMany, ${vas.length.toLocaleString("en")} addresses`,
      start: (signal) => monitor.monitorMany(root, vas, 0, "watched", withSignal(signal)),
      undo: () => monitor.unmonitorAll(),
    },
    {
      name: `translateMany, ${vas.length.toLocaleString("en")} addresses`,
      start: (signal) => monitor.translateMany(root, vas, withSignal(signal)),
    },
    {
      name: "processSnapshot of as many",
      start: async (signal) => {
        if ((await monitor.monitoredAddresses) === 0) await monitor.monitorMany(root, vas, 0, "watched");
        const columns = await monitor.processSnapshotColumns(isAfter ? before : after, withSignal(signal));
        isAfter = !isAfter;
        return columns.length;
      },
    },
  ];
  // It reads nothing: what it waits for is the worker.
  return { calls, probe: () => monitor.monitoredTables };
}

function withSignal(signal) {
  return signal ? { signal } : {};
}

/** A signal that stands for one after the other. */
class Relay {
  #signal;

  follow(signal) {
    this.#signal = signal;
  }

  get aborted() {
    return this.#signal?.aborted === true;
  }

  get reason() {
    return this.#signal?.reason;
  }

  addEventListener(type, listener) {
    this.#signal?.addEventListener(type, listener);
  }

  removeEventListener(type, listener) {
    this.#signal?.removeEventListener(type, listener);
  }
}

/** What is said of a call that was aborted. */
export function abortRow({ name, duration, rejected, answered }, where) {
  if (rejected.length === 0) return [`${name}, ${where}`, `${inMilliseconds(duration)}`, 0, "over before a timer strikes", "", "< 50 ms"];
  const ordered = [rejected, answered].map((times) => [...times].sort((a, b) => a - b));
  const said = ordered.map((times) => `${inMilliseconds(times[times.length >> 1])}, ${inMilliseconds(times[times.length - 1])}`);
  return [`${name}, ${where}`, `${Math.round(duration)} ms`, rejected.length, ...said, "< 50 ms"];
}

function inMilliseconds(value) {
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}
