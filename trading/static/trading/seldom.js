// Call a function with what it was given last, not more often than once in so many milliseconds.
export function seldom(act, milliseconds) {
  let given = null;
  let timer = null;
  let actedAt = -Infinity;
  return (value) => {
    given = value;
    timer ??= setTimeout(() => {
      timer = null;
      actedAt = performance.now();
      act(given);
    }, Math.max(0, actedAt + milliseconds - performance.now()));
  };
}
