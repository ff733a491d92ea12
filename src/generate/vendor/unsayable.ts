/** Thrown where an expression has no counterpart in a vendor's language; the message says why, as the end of a sentence. */
export class Unsayable extends Error {
  override readonly name = "Unsayable";
}

/** What `make` returns, or why it could not. */
export function attempt<T>(make: () => T): T | Unsayable {
  try {
    return make();
  } catch (error) {
    if (error instanceof Unsayable) return error;
    throw error;
  }
}
