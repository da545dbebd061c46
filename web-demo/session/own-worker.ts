/**
 * Workers that live under the page's own policy.
 *
 * A worker that comes from a file has the policy that its server sends with it, from most servers none. Made from text, it inherits the
 * page's: then not even the code that reads the dumps can reach anything but the place it came from.
 */

const texts = new Map<string, Promise<string>>();

export async function scriptText(name: string): Promise<string> {
  let text = texts.get(name);
  if (text === undefined) {
    text = fetch(new URL(name, document.baseURI)).then((answer) => {
      if (!answer.ok) throw new Error(`the server has no ${name}`);
      return answer.text();
    });
    texts.set(name, text);
    text.catch(() => texts.delete(name));
  }
  return text;
}

export function workerFromText(text: string): Worker {
  const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  const worker = new Worker(url, { type: "module" });
  const revoke = (): void => URL.revokeObjectURL(url);
  worker.addEventListener("message", revoke, { once: true });
  worker.addEventListener("error", revoke, { once: true });
  return worker;
}
