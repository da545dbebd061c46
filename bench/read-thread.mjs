/** A thread that merely reads a file from the page cache: its part of the pieces of 16 MiB, 1 MiB at a time. */

import { fstatSync, openSync, readSync } from "node:fs";
import { parentPort, Worker, workerData } from "node:worker_threads";

const PIECE_BYTES = 2 ** 24;
const READ_BYTES = 2 ** 20;

if (workerData?.reads) {
  const file = openSync(workerData.reads);
  const target = new Uint8Array(READ_BYTES);
  parentPort.on("message", ({ first, step }) => {
    const { size } = fstatSync(file);
    for (let piece = first * PIECE_BYTES; piece < size; piece += step * PIECE_BYTES) {
      for (let at = piece; at < Math.min(size, piece + PIECE_BYTES); at += READ_BYTES) readSync(file, target, 0, READ_BYTES, at);
    }
    parentPort.postMessage("read");
  });
}

/** So many threads that read `path` together, each time that they are asked. */
export function readingThreads(path, count) {
  const threads = Array.from({ length: count }, () => new Worker(new URL(import.meta.url), { workerData: { reads: path } }));
  for (const thread of threads) {
    thread.on("error", (error) => {
      throw error;
    });
  }
  return {
    read: () => Promise.all(threads.map((thread, first) => answerOf(thread, { first, step: count }))),
    end: () => Promise.all(threads.map((thread) => thread.terminate())),
  };
}

function answerOf(thread, message) {
  return new Promise((resolve) => {
    thread.once("message", resolve);
    thread.postMessage(message);
  });
}
