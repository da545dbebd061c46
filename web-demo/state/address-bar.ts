/**
 * The state of the page in the address bar, behind `#`, where no server sees it: what is asked and what is looked at, never what a
 * dump holds. A link reopens it once the same files are there.
 */

import { batch, effect } from "@preact/signals";
import { parseAddress } from "../model/address-text.js";
import { EVENT_TYPES } from "../model/events.js";
import { packNames, unpackNames } from "../model/file-names.js";
import { hex } from "../model/format.js";
import { dumps, expectedFiles, missingFiles } from "./dumps.js";
import { isSample, loadSample } from "./loading.js";
import { givenMode, givenRoot, watchMode, watchText } from "./question.js";
import { addressText, chosenStep, inspected, laneFilter, stepFilter, typeFilter, zoom } from "./view.js";

/** More are told by what they have in common. */
const MOST_PLAIN_NAMES = 8;

/** The address changes this long after the state, so that zooming writes it once. */
const WRITE_MILLISECONDS = 200;

export function startAddressBar(): void {
  const linked = new URLSearchParams(location.hash.slice(1));
  read(linked);
  let timer: ReturnType<typeof setTimeout> | undefined;
  effect(() => {
    const text = write();
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (location.hash.slice(1) !== text) history.replaceState(null, "", text === "" ? location.pathname + location.search : `#${text}`);
    }, WRITE_MILLISECONDS);
  });
  // A link that is pasted into the address bar of the open page.
  addEventListener("hashchange", () => read(new URLSearchParams(location.hash.slice(1))));
}

/** The link to what is shown now. */
export function currentLink(): string {
  const text = write();
  return `${location.origin}${location.pathname}${location.search}${text === "" ? "" : `#${text}`}`;
}

function write(): string {
  const parts = new URLSearchParams();
  const set = (name: string, value: string | undefined): void => {
    if (value !== undefined && value !== "") parts.set(name, value);
  };
  const names = dumps.value.map(({ name }) => name);
  if (isSample.value && names.length > 0) parts.set("sample", "1");
  // A link of which files are missing stays what it is.
  else writeNames(parts, missingFiles.value.length > 0 ? expectedFiles.value : names);
  set("root", givenRoot.value === undefined ? undefined : hex(givenRoot.value));
  set("mode", givenMode.value);
  set("look", watchMode.value === "list" ? "list" : undefined);
  set("watch", isSample.value && watchMode.value !== "list" ? undefined : watchText.value);
  set("types", typeFilter.value.join(" "));
  set("lane", laneFilter.value);
  set("address", addressText.value.trim());
  set("steps", stepFilter.value && `${stepFilter.value.from}-${stepFilter.value.to}`);
  set("step", names.length === 0 && chosenStep.value === 1 ? undefined : String(chosenStep.value));
  set("va", inspected.value && hex(inspected.value.va));
  set("level", inspected.value?.level === undefined ? undefined : String(inspected.value.level));
  set("zoom", zoom.value && `${round(zoom.value.first)} ${round(zoom.value.span)}`);
  return parts.toString();
}

function writeNames(parts: URLSearchParams, names: readonly string[]): void {
  const packed = names.length > MOST_PLAIN_NAMES ? packNames(names) : undefined;
  if (packed !== undefined) parts.set("files", packed);
  else for (const name of names) parts.append("file", name);
}

function read(parts: URLSearchParams): void {
  batch(() => {
    const root = parts.get("root");
    const parsedRoot = root === null ? undefined : parseAddress(root);
    givenRoot.value = parsedRoot && "value" in parsedRoot ? parsedRoot.value : undefined;
    givenMode.value = parts.get("mode") ?? undefined;
    watchMode.value = parts.get("look") === "list" ? "list" : "everything";
    watchText.value = parts.get("watch") ?? watchText.value;
    typeFilter.value = EVENT_TYPES.filter((type) => (parts.get("types") ?? "").split(" ").includes(type));
    laneFilter.value = parts.get("lane") ?? undefined;
    addressText.value = parts.get("address") ?? "";
    stepFilter.value = readSteps(parts.get("steps"));
    chosenStep.value = wholeNumber(parts.get("step")) ?? 1;
    const va = parts.get("va");
    const parsedVa = va === null ? undefined : parseAddress(va);
    inspected.value = parsedVa && "value" in parsedVa ? { va: parsedVa.value, level: wholeNumber(parts.get("level")) } : undefined;
    zoom.value = readZoom(parts.get("zoom"));
    expectedFiles.value = [...parts.getAll("file"), ...unpackNames(parts.get("files") ?? "")];
  });
  if (parts.get("sample") === "1" && !isSample.peek()) void loadSample();
}

function readSteps(text: string | null): { from: number; to: number } | undefined {
  const [from, to = from] = (text ?? "").split("-").map(wholeNumber);
  return from === undefined || to === undefined || to < from ? undefined : { from, to };
}

function readZoom(text: string | null): { first: number; span: number } | undefined {
  const [first, span] = (text ?? "").split(" ").map(Number.parseFloat);
  return first === undefined || span === undefined || !(first >= 0) || !(span > 0) ? undefined : { first, span };
}

function wholeNumber(text: string | null | undefined): number | undefined {
  return text !== null && text !== undefined && /^[0-9]{1,9}$/.test(text) ? Number(text) : undefined;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
