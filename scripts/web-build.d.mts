export function buildPage(folder?: string): Promise<string>;
