/**
 * Raw images: the file's offset is the physical address, from 0 on, and nothing else is said.
 *
 * There is no magic, so this is what is left: a positive multiple of the frame size without the magic of anything known. Of
 * a compressed image that broke off, the frames that came out whole.
 */

import { FRAME_SIZE, PHYSICAL_ADDRESS_LIMIT } from "../model/address.js";
import type { DumpFormat } from "./contents.js";
import { FrameMap } from "./frame-map.js";
import { SegmentTable } from "./segment-table.js";

const PHYSICAL_MEMORY_SIZE = Number(PHYSICAL_ADDRESS_LIMIT);

export const rawFormat: DumpFormat = {
  name: "raw",
  matches(_head, { source, incomplete }) {
    return source.size >= FRAME_SIZE && (incomplete || source.size % FRAME_SIZE === 0);
  },
  async open({ source }) {
    const segments = new SegmentTable();
    segments.push(0, Math.min(source.size, PHYSICAL_MEMORY_SIZE), 0, 0);
    return { frames: new FrameMap(segments), vcpus: [], vmcoreinfo: undefined };
  },
};
