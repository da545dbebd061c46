export interface Mutation {
  readonly name: string;
  readonly rule: number;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

export const mutations: readonly Mutation[];
