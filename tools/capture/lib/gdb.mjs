/**
 * The gdb remote protocol, as much as it takes to read registers from QEMU's stub ("Remote Protocol" in gdb's manual).
 * QEMU's own monitor does not print the translation registers of an AArch64 CPU.
 */

import { connectTo } from "./lines.mjs";

const XML_CHUNK = 0x800;

export class Gdb {
  #socket;
  #rest = "";
  #replies = [];
  #wake = () => {};
  #closed = false;
  #numbers = {};

  constructor(socket) {
    this.#socket = socket;
    socket.on("error", () => {}); // "close" follows
    socket.setEncoding("latin1").on("data", (text) => this.#receive(text));
    socket.on("close", () => {
      this.#closed = true;
      this.#wake();
    });
  }

  /** Connects, which stops the machine, and learns the registers' numbers. */
  static async open(path) {
    const gdb = new Gdb(await connectTo(path));
    await gdb.#ask("qSupported:vContSupported+");
    gdb.#numbers = await gdb.#registerNumbers();
    return gdb;
  }

  /** The values of those of the named registers that this CPU has, under lower-case names. */
  async registers(cpuIndex, names) {
    const selected = await this.#ask(`Hg${(cpuIndex + 1).toString(16)}`);
    if (selected !== "OK") throw new Error(`gdb: CPU ${cpuIndex} cannot be selected: ${selected || "not supported"}`);
    const values = {};
    for (const name of names.filter((known) => known in this.#numbers)) {
      values[name.toLowerCase()] = await this.#register(this.#numbers[name]);
    }
    return values;
  }

  close() {
    this.#socket.destroy();
  }

  #receive(text) {
    this.#rest += text;
    for (;;) {
      const start = this.#rest.indexOf("$");
      const end = this.#rest.indexOf("#", start);
      if (start < 0 || end < 0 || this.#rest.length < end + 3) return;
      this.#replies.push(this.#rest.slice(start + 1, end));
      this.#rest = this.#rest.slice(end + 3);
      this.#socket.write("+");
      this.#wake();
    }
  }

  async #reply() {
    while (this.#replies.length === 0) {
      if (this.#closed) throw new Error("gdb: QEMU closed the connection");
      await new Promise((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#replies.shift();
  }

  /** Sends a request and answers its reply; stop notices that come unasked, after a QMP stop, are passed over. */
  async #ask(packet) {
    const sum = Array.from(packet).reduce((total, character) => (total + character.charCodeAt(0)) & 0xff, 0);
    this.#replies.length = 0;
    this.#socket.write(`$${packet}#${sum.toString(16).padStart(2, "0")}`);
    for (;;) {
      const reply = await this.#reply();
      if (!/^[TS][0-9a-f]{2}/.test(reply)) return reply;
    }
  }

  /** Little-endian targets. */
  async #register(number) {
    const reply = await this.#ask(`p${number.toString(16)}`);
    if (/^E..$|^$/.test(reply)) throw new Error(`gdb: register ${number}: ${reply || "not supported"}`);
    return BigInt(`0x${Buffer.from(reply, "hex").reverse().toString("hex")}`);
  }

  /** By name, from the target description and the files that it includes, in order. */
  async #registerNumbers() {
    const numbers = {};
    let next = 0;
    const visit = async (annex) => {
      const xml = await this.#targetXml(annex);
      for (const [, included, attributes] of xml.matchAll(/<xi:include\s+href="([^"]+)"|<reg\s+([^>]*)>/g)) {
        if (included) {
          await visit(included);
          continue;
        }
        const stated = /regnum="(\d+)"/.exec(attributes);
        if (stated) next = Number(stated[1]);
        numbers[/name="([^"]+)"/.exec(attributes)[1]] = next++;
      }
    };
    await visit("target.xml");
    return numbers;
  }

  async #targetXml(annex) {
    let xml = "";
    for (;;) {
      const part = await this.#ask(`qXfer:features:read:${annex}:${xml.length.toString(16)},${XML_CHUNK.toString(16)}`);
      xml += part.slice(1);
      if (part[0] !== "m") return xml; // "l": the last part
    }
  }
}
