/** QEMU's machine protocol, one command at a time, and what its human monitor prints, parsed. */

import { connectTo, Lines } from "./lines.mjs";

export class Qmp {
  #socket;
  #lines;

  constructor(socket) {
    this.#socket = socket;
    this.#lines = new Lines(socket);
  }

  /** @param {string} path of the socket */
  static async open(path) {
    const qmp = new Qmp(await connectTo(path));
    await qmp.#lines.next(); // the greeting
    await qmp.run("qmp_capabilities");
    return qmp;
  }

  /** Runs a command and answers what it returns; events in between are passed over. */
  async run(execute, parameters = {}) {
    this.#socket.write(`${JSON.stringify({ execute, arguments: parameters })}\n`);
    for (;;) {
      const message = JSON.parse(await this.#lines.next());
      if (message.error) throw new Error(`${execute}: ${message.error.desc}`);
      if ("return" in message) return message.return;
    }
  }

  /** What the human monitor prints, as seen from that CPU. */
  runHuman(command, cpuIndex) {
    return this.run("human-monitor-command", { "command-line": command, "cpu-index": cpuIndex });
  }

  close() {
    this.#socket.destroy();
  }
}

/** Registers out of "info registers" (x86): lower-case name to bigint. */
export function parseX86Registers(text) {
  const found = text.matchAll(/\b(R[A-Z0-9]{1,2}|E[A-Z]{2}|RIP|CR\d|EFER|CPL|HLT) ?=([0-9a-fA-F]+)/g);
  return Object.fromEntries(Array.from(found, ([, name, value]) => [name.toLowerCase(), BigInt(`0x${value}`)]));
}

/** Lines of "info tlb" (x86); `flags` is QEMU's column, "X--DA--UW" for one: P in it means a large page. */
export function parseInfoTlb(text) {
  const found = text.matchAll(/^([0-9a-f]{8,16}): ([0-9a-f]{8,16}) (\S+)/gm);
  return Array.from(found, ([, va, pa, flags]) => ({ va: BigInt(`0x${va}`), pa: BigInt(`0x${pa}`), flags }));
}
