/**
 * What a row works in: the library, a world, and the monitors over it.
 *
 * One monitor serves all rows that want memory touched before; it is emptied between them. Its guest memory is live: it
 * promises nothing, so every call reads what it needs.
 */

import { vasInOrder } from "./worlds.mjs";

/** Of all addresses, so many are taken for calls one by one, ... */
const SAMPLE_SHARE = 0.2;
/** ... and never more than this. */
const MOST_SAMPLED = 200_000;
const TAG = "watched";

export class Setting {
  library;
  world;
  #monitor;
  #translator;
  #vas = new Map();

  constructor(library, world) {
    this.library = library;
    this.world = world;
  }

  get guest() {
    return this.world.guest;
  }

  get spaces() {
    return this.world.spaces;
  }

  /** A monitor whose memory nobody has touched yet. */
  freshMonitor() {
    return this.library.PageTableMonitor.create({ memory: this.guest });
  }

  /** The shared monitor, without addresses; its memory has been touched. */
  async emptyMonitor() {
    if (!this.#monitor) {
      this.#monitor = await this.freshMonitor();
      this.monitorAll(this.#monitor, "ascending");
    }
    this.#monitor.unmonitorAll();
    return this.#monitor;
  }

  /** The shared monitor with all addresses. */
  async fullMonitor() {
    const monitor = await this.emptyMonitor();
    this.monitorAll(monitor, "ascending");
    return monitor;
  }

  /** A monitor over memory that promises not to change: tables are kept between calls. */
  async translator() {
    this.#translator ??= await this.library.PageTableMonitor.create({ memory: this.guest.asImmutable() });
    return this.#translator;
  }

  /** The VAs of each space, in an order. Made once. */
  vas(order) {
    if (!this.#vas.has(order)) {
      this.#vas.set(
        order,
        this.spaces.map((space) => vasInOrder(space, order)),
      );
    }
    return this.#vas.get(order);
  }

  /** Has a monitor watch everything, a batch a root; answers the PAs of the last root. */
  monitorAll(monitor, order) {
    let pas;
    const vas = this.vas(order);
    this.spaces.forEach(({ root }, i) => {
      pas = monitor.monitorMany(root, vas[i], 0, TAG);
    });
    return pas;
  }

  /**
   * Addresses for calls one by one, as contexts, and the rest of each space. `byTable`: whole tables, one after the other;
   * `random`: from everywhere.
   */
  sample(order) {
    const share = Math.min(SAMPLE_SHARE, MOST_SAMPLED / this.world.addresses);
    const contexts = [];
    const rest = this.vas(order).map((vas, i) => {
      const count = Math.max(1, Math.floor(vas.length * share));
      for (const va of vas.subarray(0, count)) contexts.push({ va, root: this.spaces[i].root });
      return vas.subarray(count);
    });
    return { contexts, rest };
  }

  monitorRest(monitor, rest) {
    this.spaces.forEach(({ root }, i) => {
      if (rest[i].length > 0) monitor.monitorMany(root, rest[i], 0, TAG);
    });
  }
}

export { TAG };
