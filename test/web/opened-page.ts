/**
 * The built page in headless Chromium, with a log of every request and complaint, and hands to work it with.
 *
 * The page is built once a test file, into a folder of its own.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll } from "vitest";
import { launchChromium } from "../../scripts/chromium.mjs";
import { buildPage } from "../../scripts/web-build.mjs";
import { type FolderServer, serveFolder } from "../../scripts/web-server.mjs";

/** As patient as a test, but it says what was waited for. */
const PATIENCE_MS = 120_000;

const TYPES = ["page-in", "page-out", "remap", "access", "page-size"] as const;

export type CountsByStep = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** Browser and servers for one test file. */
export class PageUnderTest {
  readonly browser: Browser;
  readonly folder: string;
  readonly isolated: FolderServer;
  readonly plain: FolderServer;

  private constructor(browser: Browser, folder: string, isolated: FolderServer, plain: FolderServer) {
    this.browser = browser;
    this.folder = folder;
    this.isolated = isolated;
    this.plain = plain;
  }

  static async start(): Promise<PageUnderTest> {
    const folder = mkdtempSync(join(tmpdir(), "web-demo-"));
    await buildPage(folder);
    const browser = await launchChromium();
    return new PageUnderTest(browser, folder, await serveFolder(folder), await serveFolder(folder, { isolated: false }));
  }

  async open(
    options: { readonly server?: FolderServer; readonly path?: string; readonly hash?: string; readonly width?: number } = {},
  ): Promise<OpenedPage> {
    const { server = this.isolated, path = "/", hash = "", width = 1440 } = options;
    const context = await this.browser.newContext({ viewport: { width, height: 900 }, acceptDownloads: true });
    await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: server.origin });
    context.setDefaultTimeout(PATIENCE_MS);
    const page = await context.newPage();
    const opened = new OpenedPage(page, context, server);
    await page.goto(`${server.origin}${path}${hash}`);
    return opened;
  }

  async close(): Promise<void> {
    await this.browser.close();
    await Promise.all([this.isolated.close(), this.plain.close()]);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The page for the tests of one `describe`: started before them, what a test has opened closed after it, all of it at their end. */
export function usePage(): Pick<PageUnderTest, "open" | "plain"> {
  let started: PageUnderTest | undefined;
  const opened: OpenedPage[] = [];
  const page = (): PageUnderTest => {
    if (!started) throw new Error("the page is there for tests, not before them");
    return started;
  };
  beforeAll(async () => {
    started = await PageUnderTest.start();
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map(({ context }) => context.close()));
  });
  afterAll(async () => {
    await started?.close();
  });
  return {
    open: async (options) => {
      const one = await page().open(options);
      opened.push(one);
      return one;
    },
    get plain() {
      return page().plain;
    },
  };
}

export class OpenedPage {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly server: FolderServer;
  /** What the page said on its console, and errors that nothing caught. */
  readonly complaints: string[] = [];
  /** Every address that was asked for, by the page or a worker. */
  readonly requests: string[] = [];

  constructor(page: Page, context: BrowserContext, server: FolderServer) {
    this.page = page;
    this.context = context;
    this.server = server;
    page.on("console", (message) => this.complaints.push(message.text()));
    page.on("pageerror", (error) => this.complaints.push(String(error.stack)));
    context.on("request", (request) => this.requests.push(request.url()));
  }

  async openSample(): Promise<void> {
    await this.page.click("#sample-button");
    await this.answered();
  }

  async choose(files: Parameters<Page["setInputFiles"]>[1]): Promise<void> {
    await this.page.setInputFiles("#file-input", files);
  }

  /** Until the answer is whole and filtered. */
  async answered(): Promise<void> {
    await this.page.waitForSelector("#events[data-status=done][data-filtered=yes]");
  }

  /** Drops the dumps of the capture, fetched from the page's own server, on the page. */
  async dropCapture(names: readonly string[]): Promise<void> {
    await this.page.evaluate(async (wanted) => {
      const transfer = new DataTransfer();
      for (const name of wanted) transfer.items.add(new File([await (await fetch(`sample/${name}`)).blob()], name));
      const target = document.querySelector(".shell");
      target?.dispatchEvent(new DragEvent("dragover", { dataTransfer: transfer, bubbles: true, cancelable: true }));
      target?.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
    }, names);
  }

  /** Events of each step and type, as the page tells them to who does not see it. */
  async counts(): Promise<CountsByStep> {
    const rows = await this.page.$$eval("#counts tbody tr", (found) =>
      found.map((row) => [...row.children].map((cell) => Number((cell.textContent ?? "").replaceAll(",", "")))),
    );
    return Object.fromEntries(
      rows.map(([step, ...counts]) => [
        step,
        Object.fromEntries(TYPES.map((type, i) => [type, counts[i] ?? 0]).filter(([, count]) => count !== 0)),
      ]),
    );
  }

  text(selector: string): Promise<string> {
    return this.page.$eval(selector, (element) => element.textContent ?? "");
  }

  /** The point in the middle of a cell of the timeline. */
  async cellPoint(lane: string, step: number): Promise<{ readonly x: number; readonly y: number }> {
    return this.page.$eval(
      "#timeline",
      (timeline, wanted) => {
        const names = [...document.querySelectorAll(".lane-names li")];
        const row = names.find((name) => name.textContent === wanted.lane);
        const box = timeline.getBoundingClientRect();
        const { first = "0", span = "1" } = (timeline as HTMLElement).dataset;
        const { top = 0, height = 0 } = row?.getBoundingClientRect() ?? {};
        return { x: box.left + ((wanted.step + 0.5 - Number(first)) / Number(span)) * box.width, y: top + height / 2 };
      },
      { lane, step },
    );
  }

  /** The entries of the walk in the inspector, top first: name, PA and value of each, on one side. */
  async walk(side: "before" | "after"): Promise<readonly { readonly name: string; readonly pa: string; readonly value: string }[]> {
    return this.page.$$eval(`.walk .ruler-line[data-side~=${side}]`, (lines) =>
      lines.map((line) => ({
        name: (line as HTMLElement).dataset.name ?? "",
        pa: (line as HTMLElement).dataset.pa ?? "",
        value: (line as HTMLElement).dataset.value ?? "",
      })),
    );
  }

  /** Presses the button and answers what is downloaded. */
  async export(title: string): Promise<{ readonly name: string; readonly path: string }> {
    await this.page.click("#export-button");
    const [download] = await Promise.all([this.page.waitForEvent("download"), this.page.click(`#export-items >> text="${title}"`)]);
    return { name: download.suggestedFilename(), path: await download.path() };
  }

  clipboard(): Promise<string> {
    return this.page.evaluate(() => navigator.clipboard.readText());
  }
}
