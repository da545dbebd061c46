#!/usr/bin/env node
/**
 * Boots a Debian kernel in QEMU with the program of workload/ as its init, and dumps guest memory after each of the
 * program's steps, next to what the guest's kernel and QEMU said of the tables at that moment. README.md lists the files.
 */

import { execFileSync } from "node:child_process";
import { appendFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { ARCHITECTURES } from "./lib/architectures.mjs";
import { CaptureError, readArguments, runCommand, UsageError, wholeNumber } from "./lib/command.mjs";
import { ElfCore } from "./lib/elf-core.mjs";
import { hex } from "./lib/hex.mjs";
import { checkRequirements, guestFolder, Machine } from "./lib/machine.mjs";
import { stopInWorkload } from "./lib/stop.mjs";

const USAGE = `capture.mjs --out DIR [option…]
  --arch NAME   ${Object.keys(ARCHITECTURES).join(", ")} (x86_64)
  --la57        5-level paging
  --pti         page-table isolation: a root for user mode and one for the kernel
  --smp N       CPUs (1); with 2 the child runs beside the parent
  --seed N      of the workload's choices (1)
  --ram MiB     (128)
  --raw         also one raw image, of the last step
  --nokaslr     fixed kernel addresses
  --check       only says whether this machine can make a capture, and what is missing`;

const PAGE = 4096n;
/** How many addresses QEMU is asked to translate, at each step. */
const TRANSLATED_SAMPLES = 64;
/** The workload's last step; only its label tells. */
const LAST_LABEL = "reuse";

await runCommand(USAGE, async () => {
  const settings = readSettings();
  checkRequirements(settings);
  if (settings.checkOnly) return 0;
  const out = emptyFolder(settings.out);
  for (const [signal, status] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ])
    process.once(signal, () => process.exit(status));
  const machine = await Machine.start(settings);
  try {
    await capture(machine, settings, out);
  } finally {
    machine.kill();
  }
  return 0;
});

function readSettings() {
  const { values } = readArguments({
    options: {
      out: { type: "string" },
      arch: { type: "string", default: "x86_64" },
      la57: { type: "boolean", default: false },
      pti: { type: "boolean", default: false },
      smp: { type: "string", default: "1" },
      seed: { type: "string", default: "1" },
      ram: { type: "string", default: "128" },
      raw: { type: "boolean", default: false },
      nokaslr: { type: "boolean", default: false },
      check: { type: "boolean", default: false },
    },
  });
  if (!Object.hasOwn(ARCHITECTURES, values.arch)) {
    throw new UsageError(`unknown --arch '${values.arch}': expected ${Object.keys(ARCHITECTURES).join(", ")}`);
  }
  const architecture = ARCHITECTURES[values.arch];
  if (values.la57 && architecture.la57 === undefined) throw new UsageError(`--la57 is of x86_64, not of ${values.arch}`);
  if (values.pti && !architecture.hasPti) throw new UsageError(`--pti is of x86, not of ${values.arch}`);
  if (values.out === undefined && !values.check) throw new UsageError("--out DIR is missing");
  return {
    out: values.out,
    checkOnly: values.check,
    archName: values.arch,
    architecture: values.la57 ? { ...architecture, ...architecture.la57 } : architecture,
    pti: values.pti,
    smp: wholeNumber("smp", values.smp, { least: 1, most: 8 }),
    seed: wholeNumber("seed", values.seed, { least: 0, most: Number.MAX_SAFE_INTEGER }),
    ramMiB: wholeNumber("ram", values.ram, { least: 96, most: 65_536 }),
    raw: values.raw,
    nokaslr: values.nokaslr,
  };
}

/** Two captures in one folder would be taken for one. */
function emptyFolder(path) {
  const out = resolve(path);
  mkdirSync(out, { recursive: true });
  if (readdirSync(out).length > 0) throw new UsageError(`--out '${path}' is not empty`);
  return out;
}

async function capture(machine, settings, out) {
  const started = Date.now();
  let steps = 0;
  let kernel;
  for (;;) {
    const line = await machine.nextLine();
    if (!line.startsWith("@{")) {
      appendFileSync(join(out, "console.log"), `${line}\n`);
      continue;
    }
    const said = JSON.parse(line.slice(1));
    if (said.error) throw new CaptureError(`the guest failed: ${said.error}`);
    if (said.end) break;
    const truth = await captureStep(machine, settings, out, said, started);
    kernel ??= kernelFacts(settings, join(out, truth.dump));
    appendFileSync(join(out, "truth.jsonl"), `${JSON.stringify(truth)}\n`);
    digHoles(join(out, truth.dump));
    steps++;
    await machine.qmp.run("cont");
    machine.console.write("g");
  }
  const { qemu, package: packageName } = await machine.qmp.run("query-version");
  const meta = {
    arch: settings.archName,
    mode: settings.architecture.mode,
    pti: settings.pti,
    smp: settings.smp,
    seed: settings.seed,
    ramMiB: settings.ramMiB,
    steps,
    kernel,
    qemu: packageName || `${qemu.major}.${qemu.minor}.${qemu.micro}`,
    command: machine.command,
  };
  writeFileSync(join(out, "meta.json"), `${JSON.stringify(meta, null, 1)}\n`);
  await machine.quit();
}

async function captureStep(machine, settings, out, said, started) {
  const stopped = await stopInWorkload(machine, settings, said.procs);
  const time = (Date.now() - started) / 1000;
  const dump = `step-${String(said.step).padStart(2, "0")}.elf`;
  await machine.qmp.run("dump-guest-memory", { paging: false, protocol: `file:${join(out, dump)}` });
  const parent = stopped.processes.find(({ role }) => role === "parent");
  const qemu = {
    cpus: stopped.cpus,
    parentCpu: stopped.parentCpu,
    ...(await settings.architecture.translations(machine, stopped.parentCpu, parent.regions)),
    gva2gpa: await translatedSamples(machine, parent, stopped.parentCpu),
  };
  if (settings.raw && said.label === LAST_LABEL) {
    await machine.qmp.run("pmemsave", { val: 0, size: settings.ramMiB * 2 ** 20, filename: join(out, dump.replace(".elf", ".raw")) });
  }
  console.log(
    `${dump}  ${said.label}  ${stopped.processes.map(({ role, root }) => `${role} root ${root}`).join(", ")}  (stops: ${stopped.stops})`,
  );
  return { step: said.step, label: said.label, time, dump, prevStable: said.prevStable, ops: said.ops, qemu, procs: stopped.processes };
}

/** QEMU's own translation of the first page of each run and of each region, thinned out evenly. */
async function translatedSamples(machine, { regions }, cpuIndex) {
  const addresses = regions.flatMap(({ start, runs }) =>
    [0, ...runs.map(([first]) => first)].map((page) => BigInt(start) + PAGE * BigInt(page)),
  );
  const every = Math.max(1, Math.floor(addresses.length / TRANSLATED_SAMPLES));
  const samples = [];
  for (const va of addresses.filter((_, index) => index % every === 0)) {
    const answer = await machine.qmp.runHuman(`gva2gpa ${hex(va)}`, cpuIndex);
    samples.push([hex(va), /gpa: (0x[0-9a-f]+)/.exec(answer)?.[1] ?? null]);
  }
  return samples;
}

/** The kernel's release and the PA of its own root table, from the VMCOREINFO note of a dump. */
function kernelFacts(settings, dumpPath) {
  const vmcoreinfo = new ElfCore(dumpPath).vmcoreinfo();
  if (vmcoreinfo === undefined) return { release: readFileSync(join(guestFolder(settings), "version"), "utf8").trim() };
  const va = BigInt(`0x${vmcoreinfo["SYMBOL(swapper_pg_dir)"]}`);
  return { release: vmcoreinfo.OSRELEASE, vmcoreinfo, kernelRoot: hex(settings.architecture.kernelRoot(va, vmcoreinfo)) };
}

/** Pages of zeros need no disk; where the file system or the tool cannot do it, they take some. */
function digHoles(path) {
  try {
    execFileSync("fallocate", ["--dig-holes", path], { stdio: "ignore" });
  } catch {
    // The dump is as good without holes.
  }
}
