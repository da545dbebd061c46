/**
 * Guest memory as the benchmarks have it: one buffer, frame n at n * 4096, written to by the rows.
 *
 * It is also the driver under test, so it is written as a user would write one. What it costs is part of every row that
 * reads tables.
 */

const FRAME_BYTES = 4096;

export class Guest {
  #bytes;
  #words;

  /** Pages that are never written cost nothing: a large buffer comes zeroed from the system, untouched. */
  constructor(frames) {
    this.#bytes = new Uint8Array(frames * FRAME_BYTES);
    this.#words = new BigUint64Array(this.#bytes.buffer);
  }

  readFrame(gfn, target) {
    const at = gfn * FRAME_BYTES;
    if (at >= this.#bytes.length) return false;
    target.set(new Uint8Array(this.#bytes.buffer, at, FRAME_BYTES));
    return true;
  }

  /** What lies side by side is copied in one go. */
  readFrames(gfns, target) {
    const held = new Uint8Array(gfns.length);
    const frames = this.#bytes.length / FRAME_BYTES;
    for (let i = 0, next; i < gfns.length; i = next) {
      const first = gfns[i];
      next = i + 1;
      if (first >= frames) continue;
      while (next < gfns.length && gfns[next] === first + next - i && gfns[next] < frames) next++;
      target.set(new Uint8Array(this.#bytes.buffer, first * FRAME_BYTES, (next - i) * FRAME_BYTES), i * FRAME_BYTES);
      held.fill(1, i, next);
    }
    return held;
  }

  /** The entry at a PA (Number). */
  entry(pa) {
    return this.#words[pa / 8];
  }

  writeEntry(pa, value) {
    this.#words[pa / 8] = value;
  }

  /** The bytes of a frame, as they lie. */
  frame(gfn) {
    return this.#bytes.subarray(gfn * FRAME_BYTES, (gfn + 1) * FRAME_BYTES);
  }

  /** The same memory under a promise never to change: tables may be kept between calls. */
  asImmutable() {
    return {
      immutable: true,
      readFrame: (gfn, target) => this.readFrame(gfn, target),
      readFrames: (gfns, target) => this.readFrames(gfns, target),
    };
  }
}
