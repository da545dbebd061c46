export const ISOLATION: Readonly<Record<string, string>>;
export interface FolderServer {
  readonly origin: string;
  readonly requested: readonly string[];
  close(): Promise<void>;
}
export function serveFolder(folder: string, options?: { readonly port?: number; readonly isolated?: boolean }): Promise<FolderServer>;
