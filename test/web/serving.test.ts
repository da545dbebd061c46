/** How the page is come by: `npm run web`, and its folder on any static server, under any path. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { basename, dirname } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { type FolderServer, serveFolder } from "../../scripts/web-server.mjs";
import { hasChromium } from "../support/chromium.js";
import { countsOf, diffLines } from "./expected.js";
import { PageUnderTest } from "./opened-page.js";

describe("npm run web", () => {
  let server: ChildProcess | undefined;
  afterEach(() => {
    server?.kill();
  });

  test("builds the page, serves it on this machine with the headers for shared memory, and prints the address", async () => {
    server = spawn(process.execPath, ["scripts/web.mjs", "--port", "0"], { stdio: ["ignore", "pipe", "inherit"] });
    const [printed] = (await once(server.stdout as NonNullable<ChildProcess["stdout"]>, "data")) as [Buffer];
    const [, address = ""] = /(http:\/\/127\.0\.0\.1:[0-9]+\/)/.exec(String(printed)) ?? [];
    const answer = await fetch(address);
    const html = await answer.text();

    expect(answer.headers.get("cross-origin-opener-policy")).toBe("same-origin");
    expect(answer.headers.get("cross-origin-embedder-policy")).toBe("require-corp");
    expect(html).toContain("default-src 'none'");
    expect(html).toContain("connect-src 'self'");
    for (const name of ["main.js", "main.css", "worker.js", "export-worker.js", "sample/manifest.json"])
      expect([name, (await fetch(new URL(name, address))).status]).toEqual([name, 200]);
  });
});

describe.skipIf(!hasChromium)("the page's folder", () => {
  let under: PageUnderTest | undefined;
  let parent: FolderServer | undefined;
  afterEach(async () => {
    await Promise.all([under?.close(), parent?.close()]);
  });

  test("works from a plain static server, below a path of its own", async () => {
    under = await PageUnderTest.start();
    parent = await serveFolder(dirname(under.folder), { isolated: false });
    const opened = await under.open({ server: parent, path: `/${basename(under.folder)}/` });
    await opened.openSample();

    expect(await opened.counts()).toEqual(countsOf(await diffLines()));
    expect(opened.complaints).toEqual([]);
  });
});
