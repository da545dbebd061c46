/** Lets others have their turn: messages are heard, pages drawn. Unlike `setTimeout(0)`, which browsers stretch to 4 ms, it costs microseconds. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port2.onmessage = () => {
      port2.close();
      resolve();
    };
    port1.postMessage(undefined);
  });
}
