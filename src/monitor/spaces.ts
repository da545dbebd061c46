/**
 * The address spaces under watch: (view, root) -> the core's record, and back from its number.
 *
 * Few beside the addresses (a process has one), so they are objects; nothing here is done for each address.
 */

import type { Core } from "../core/core.js";
import type { View } from "../model/address.js";

export interface Space {
  readonly id: number;
  readonly view: View;
  readonly root: bigint;
  /** The core's record. */
  readonly record: number;
}

export class Spaces {
  readonly #core: Core;
  readonly #byView = new Map<View, Map<number, Space>>();
  readonly #byId: (Space | undefined)[] = [];
  readonly #freeIds: number[] = [];
  #ordered: readonly Space[] | undefined;
  #last: Space | undefined;

  constructor(core: Core) {
    this.#core = core;
  }

  find(view: View, root: bigint): Space | undefined {
    const last = this.#last;
    if (last && last.view === view && last.root === root) return last;
    const found = this.#byView.get(view)?.get(Number(root));
    if (found) this.#last = found;
    return found;
  }

  /** The space, made where it is new; undefined: the core's memory is exhausted. */
  ensure(view: View, root: bigint): Space | undefined {
    const found = this.find(view, root);
    if (found) return found;
    const id = this.#freeIds.pop() ?? this.#byId.length;
    const record = this.#core.exports.createSpace(id, view, this.#core.rootGfn(root)) >>> 0;
    if (record === 0) {
      this.#freeIds.push(id);
      this.#byId[id] = undefined;
      return undefined;
    }
    const space: Space = { id, view, root, record };
    this.#byId[id] = space;
    let roots = this.#byView.get(view);
    if (!roots) {
      roots = new Map();
      this.#byView.set(view, roots);
    }
    roots.set(Number(root), space);
    this.#ordered = undefined;
    this.#last = space;
    return space;
  }

  byId(id: number): Space {
    return this.#byId[id] as Space;
  }

  /** Ascending by (view, root): the order of events. */
  get ordered(): readonly Space[] {
    this.#ordered ??= this.#byId
      .filter((space) => space !== undefined)
      .sort((a, b) => a.view - b.view || (a.root < b.root ? -1 : a.root > b.root ? 1 : 0));
    return this.#ordered;
  }

  /** Takes out a space that has no address left. */
  remove(space: Space): void {
    this.#core.exports.releaseSpace(space.record);
    this.#byView.get(space.view)?.delete(Number(space.root));
    if (this.#byView.get(space.view)?.size === 0) this.#byView.delete(space.view);
    this.#byId[space.id] = undefined;
    this.#freeIds.push(space.id);
    this.#ordered = undefined;
    this.#last = undefined;
  }

  /** Forgets all: the core's arena has been reset. */
  clear(): void {
    this.#byView.clear();
    this.#byId.length = 0;
    this.#freeIds.length = 0;
    this.#ordered = undefined;
    this.#last = undefined;
  }
}
