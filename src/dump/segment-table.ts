/**
 * Segments as a dump's headers list them: physical memory from `pa` lies in the file from `offset`, for `size` bytes.
 *
 * Kept as columns, since a dump of scattered pages has millions. What is pushed must be held by the file, and below 2^52.
 */

const FIRST_CAPACITY = 64;

export class SegmentTable {
  #length = 0;
  #pas = new Float64Array(FIRST_CAPACITY);
  #sizes = new Float64Array(FIRST_CAPACITY);
  #offsets = new Float64Array(FIRST_CAPACITY);
  #labels = new Float64Array(FIRST_CAPACITY);

  get length(): number {
    return this.#length;
  }

  /** `label` is the caller's own name for it, the number of its header, say. */
  push(pa: number, size: number, offset: number, label: number): void {
    if (this.#length === this.#pas.length) {
      this.#pas = doubled(this.#pas);
      this.#sizes = doubled(this.#sizes);
      this.#offsets = doubled(this.#offsets);
      this.#labels = doubled(this.#labels);
    }
    this.#pas[this.#length] = pa;
    this.#sizes[this.#length] = size;
    this.#offsets[this.#length] = offset;
    this.#labels[this.#length] = label;
    this.#length++;
  }

  pa(index: number): number {
    return this.#pas[index];
  }

  /** Where it ends: the first PA behind it. */
  end(index: number): number {
    return this.#pas[index] + this.#sizes[index];
  }

  offset(index: number): number {
    return this.#offsets[index];
  }

  label(index: number): number {
    return this.#labels[index];
  }
}

function doubled(column: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(column.length * 2);
  larger.set(column);
  return larger;
}
