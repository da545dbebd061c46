/**
 * What all the commands here share: options that are checked before anything is done, and errors a person can act on.
 */

import { statSync } from "node:fs";
import { parseArgs } from "node:util";

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

/** Wrong usage: told with the command's usage line, exit status 2. */
export class UsageError extends Error {}

/** Something is missing or failed that is no bug of ours: told without a stack trace, exit status 1. */
export class CaptureError extends Error {}

/**
 * `parseArgs` of Node with its complaints turned into UsageErrors.
 * @param {import("node:util").ParseArgsConfig} config
 */
export function readArguments(config) {
  try {
    return parseArgs({ strict: true, ...config });
  } catch (error) {
    throw new UsageError(error.message, { cause: error });
  }
}

/**
 * An option that is a whole number from `least` to `most`.
 * @param {string} name
 * @param {string} text
 * @param {{ least: number, most: number }} range
 */
export function wholeNumber(name, text, { least, most }) {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least || value > most) {
    throw new UsageError(`--${name} must be a whole number from ${least} to ${most}, not '${text}'`);
  }
  return value;
}

/**
 * A folder that must be there, named by what it is for.
 * @param {string | undefined} path
 * @param {string} what
 */
export function existingFolder(path, what) {
  if (path === undefined) throw new UsageError(`${what} is missing`);
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw new UsageError(`${what} '${path}' is no folder`);
  return path;
}

/**
 * Runs a command to its end and sets the exit status: what `main` answers, 1 where it fails, 2 for wrong usage.
 * @param {string} usage
 * @param {() => number | Promise<number>} main
 */
export async function runCommand(usage, main) {
  try {
    process.exitCode = await main();
  } catch (error) {
    if (error instanceof UsageError) {
      console.error(`${error.message}\nusage: ${usage}`);
      process.exitCode = EXIT_USAGE;
    } else if (error instanceof CaptureError) {
      console.error(error.message);
      process.exitCode = EXIT_FAILED;
    } else {
      throw error;
    }
  }
}
