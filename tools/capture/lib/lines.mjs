/** A Unix socket that a starting QEMU listens on, and its bytes as lines. */

import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

const RETRY_MS = 50;
const RETRIES = 200;

/** Connects to the socket at `path`, trying again while it is not there. */
export async function connectTo(path) {
  for (let left = RETRIES; ; left--) {
    try {
      return await connectOnce(path);
    } catch (error) {
      if (left === 0) throw error;
      await sleep(RETRY_MS);
    }
  }
}

function connectOnce(path) {
  return new Promise((resolve, reject) => {
    const socket = connect(path, () => {
      socket.off("error", reject);
      resolve(socket);
    });
    socket.once("error", reject);
  });
}

/** Lines of a socket, one by one; the end of the connection is an error for who still waits. */
export class Lines {
  #queue = [];
  #wake = () => {};
  #closed = false;

  constructor(socket) {
    let rest = "";
    socket.on("error", () => {}); // "close" follows
    socket.setEncoding("latin1").on("data", (text) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop();
      this.#queue.push(...lines.map((line) => line.replaceAll("\r", "")));
      this.#wake();
    });
    socket.on("close", () => {
      this.#closed = true;
      this.#wake();
    });
  }

  async next() {
    while (this.#queue.length === 0) {
      if (this.#closed) throw new Error("QEMU closed the connection");
      await new Promise((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#queue.shift();
  }
}
