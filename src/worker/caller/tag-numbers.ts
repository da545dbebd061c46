/**
 * Tags stay with the caller, whatever they are, and keep their identity; a worker's monitor has their numbers.
 */

export class TagNumbers<Tag> {
  readonly #tags: Tag[] = [];
  readonly #numbers = new Map<Tag, number>();

  /** All tags by number; only grows, until all are forgotten. */
  get all(): readonly Tag[] {
    return this.#tags;
  }

  numberOf(tag: Tag): number {
    let number = this.#numbers.get(tag);
    if (number === undefined) {
      number = this.#tags.length;
      this.#tags.push(tag);
      this.#numbers.set(tag, number);
    }
    return number;
  }

  numbersOf(tags: Tag | readonly Tag[]): number | readonly number[] {
    return Array.isArray(tags) ? (tags as readonly Tag[]).map((tag) => this.numberOf(tag)) : this.numberOf(tags as Tag);
  }
}
