/** A generated file: its path from the project's root, and its text. */
export interface GeneratedFile {
  readonly path: string;
  readonly text: string;
}

/** Something that makes committed files; `npm run generate` writes them, and the tests compare. */
export interface Generator {
  readonly title: string;
  /** The folder that holds its files and nothing else, if there is one: what it no longer makes is removed there. */
  readonly folder?: string;
  /** `read` gives the text of a file of the project, by its path from the root. */
  files(read: (path: string) => Promise<string>): Promise<readonly GeneratedFile[]>;
}
