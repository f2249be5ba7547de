// Entries that were written and are not sent yet, each with its photos, in this browser's database: one a person.

const STORE = "drafts";

/** Open the drafts of a person. Another person who uses this browser has a database of their own. */
export function openDrafts(person) {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(databaseOf(person), 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "uuid" });
    request.onsuccess = () => resolve(new Drafts(request.result));
    request.onerror = () => reject(request.error);
  });
}

/** Delete the drafts of a person. */
export function forgetDrafts(person) {
  return new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(databaseOf(person));
    request.onsuccess = request.onblocked = () => resolve();
    request.onerror = () => reject(request.error);
  });
}

function databaseOf(person) {
  return `diary-${person}`;
}

class Drafts {
  constructor(database) {
    this.database = database;
    // Another page of ours deletes it at log-out.
    database.onversionchange = () => database.close();
  }

  /** Return the drafts of a project, or of all, the oldest first. */
  async all(project) {
    const found = await this.#do("readonly", (store) => store.getAll());
    const wanted = project === undefined ? found : found.filter((draft) => draft.project === project);
    return wanted.sort((one, other) => one.writtenAt - other.writtenAt);
  }

  put(draft) {
    return this.#do("readwrite", (store) => store.put(draft));
  }

  remove(uuid) {
    return this.#do("readwrite", (store) => store.delete(uuid));
  }

  close() {
    this.database.close();
  }

  #do(mode, ask) {
    return new Promise((resolve, reject) => {
      const transaction = this.database.transaction(STORE, mode);
      const request = ask(transaction.objectStore(STORE));
      // What is written is safe only when the transaction is complete.
      transaction.oncomplete = () => resolve(request.result);
      transaction.onerror = transaction.onabort = () => reject(transaction.error);
    });
  }
}
