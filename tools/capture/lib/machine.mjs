/**
 * A guest under QEMU's TCG: built from workload/ and a prepared kernel, started, spoken to, ended.
 *
 * Sockets, initramfs and program lie in a scratch folder of their own, which goes with the machine, whatever ends it.
 */

import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { CaptureError } from "./command.mjs";
import { Gdb } from "./gdb.mjs";
import { encodeInitramfs, MODULES } from "./initramfs.mjs";
import { connectTo, Lines } from "./lines.mjs";
import { Qmp } from "./qmp.mjs";

const TOOLS = dirname(dirname(fileURLToPath(import.meta.url)));
const WORKLOAD = join(TOOLS, "workload");
/** For one whole capture; an emulated guest that takes longer hangs. */
const TIME_LIMIT_MS = 420_000;

/** Throws CaptureError with what to do about it unless this machine can run such a guest. */
export function checkRequirements(settings) {
  const { compiler, qemu } = settings.architecture;
  for (const program of [compiler, qemu]) {
    if (spawnSync(program, ["--version"]).error) throw new CaptureError(`${program} is missing: install the package that has it`);
  }
  const missing = ["vmlinuz", "busybox", ...MODULES.map((module) => `${module}.ko`)].find(
    (file) => !existsSync(join(guestFolder(settings), file)),
  );
  if (missing !== undefined) {
    throw new CaptureError(
      `no ${missing} in tools/capture/kernels/${settings.archName}: run tools/capture/prepare.sh ${settings.archName}`,
    );
  }
}

export function guestFolder({ archName }) {
  return join(TOOLS, "kernels", archName);
}

export class Machine {
  #scratch;
  #process;
  #lines;
  #ended;
  #watchdog;

  /**
   * Boots the guest.
   * @param {object} settings as capture.mjs reads them from its options
   */
  static async start(settings) {
    const machine = new Machine(settings);
    try {
      await machine.#connect(settings);
      return machine;
    } catch (error) {
      machine.kill();
      throw error;
    }
  }

  constructor(settings) {
    this.#scratch = mkdtempSync(join(tmpdir(), "capture-"));
    process.once("exit", () => this.kill());
    const workload = join(this.#scratch, "workload");
    compile(settings.architecture.compiler, workload);
    writeFileSync(join(this.#scratch, "initramfs"), encodeInitramfs(guestFolder(settings), workload));

    const command = qemuCommand(settings, this.#scratch);
    /** The command line, with our own folders left out. */
    this.command = command.map((word) => word.replaceAll(this.#scratch, "$TMP").replaceAll(TOOLS, "."));
    this.#process = spawn(command[0], command.slice(1), { stdio: ["ignore", "inherit", "inherit"] });
    this.#ended = new Promise((_, reject) => {
      this.#process.once("error", reject);
      this.#process.once("exit", (code, signal) => reject(new CaptureError(`QEMU ended with ${code ?? signal}`)));
    });
    this.#ended.catch(() => {}); // told by whoever waits for a line
    this.#watchdog = setTimeout(() => this.#process.kill("SIGKILL"), TIME_LIMIT_MS);
  }

  async #connect(settings) {
    const open = async () => {
      this.console = await connectTo(join(this.#scratch, "console"));
      this.#lines = new Lines(this.console);
      this.qmp = await Qmp.open(join(this.#scratch, "qmp"));
      if (settings.architecture.needsGdb) this.gdb = await Gdb.open(join(this.#scratch, "gdb"));
      await this.qmp.run("cont"); // it was started stopped (-S), so that no line is lost before we listen
    };
    await Promise.race([open(), this.#ended]);
  }

  /** The next line of the guest's console; an error once QEMU has ended. */
  nextLine() {
    return Promise.race([this.#lines.next(), this.#ended]);
  }

  /** Lets the machine end in good order. */
  async quit() {
    await this.qmp.run("quit").catch(() => {}); // it may be gone before it answers
    this.kill();
  }

  /** Ends the machine at once and removes what it left; again is no error. */
  kill() {
    clearTimeout(this.#watchdog);
    this.console?.destroy();
    this.qmp?.close();
    this.gdb?.close();
    this.#process?.kill("SIGKILL");
    rmSync(this.#scratch, { recursive: true, force: true });
  }
}

function compile(compiler, program) {
  const sources = readdirSync(WORKLOAD).filter((file) => file.endsWith(".c"));
  const words = ["-static", "-O1", "-Wall", "-Wextra", "-o", program, ...sources.map((file) => join(WORKLOAD, file))];
  const { status, stderr } = spawnSync(compiler, words, { encoding: "utf8" });
  if (status !== 0) throw new CaptureError(`${compiler} cannot make the workload (is a static libc installed?):\n${stderr}`);
}

function qemuCommand(settings, scratch) {
  const { architecture, seed, smp, ramMiB, pti, nokaslr } = settings;
  const kernelWords = [
    `console=${architecture.console}`,
    "quiet",
    "panic=-1",
    "hugepages=2",
    "hugepagesz=2M",
    pti ? "pti=on" : "pti=off",
    ...(nokaslr ? ["nokaslr"] : []),
    "--",
    String(seed),
  ];
  const socket = (name) => `socket,id=${name},path=${join(scratch, name)},server=on,wait=off`;
  return [
    architecture.qemu,
    ...["-machine", architecture.machine, "-accel", "tcg", "-cpu", architecture.cpu, "-smp", String(smp), "-m", String(ramMiB)],
    ...["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-S", "-device", "vmcoreinfo"],
    ...["-kernel", join(guestFolder(settings), "vmlinuz"), "-initrd", join(scratch, "initramfs"), "-append", kernelWords.join(" ")],
    ...["-chardev", socket("console"), "-serial", "chardev:console"],
    ...["-chardev", socket("qmp"), "-mon", "chardev=qmp,mode=control"],
    ...(architecture.needsGdb ? ["-chardev", socket("gdb"), "-gdb", "chardev:gdb"] : []),
  ];
}
