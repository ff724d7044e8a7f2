// A component made by componentize-js: computing, randomness and clocks, from JavaScript.

export const run = {
  run() {
    const numbers = new Set(Array.from({ length: 10 }, () => Math.random()));
    const squares = [3, 1, 2].sort().map((number) => number * number);
    console.log(JSON.stringify({ squares, numbers: numbers.size, now: Date.now() }));
  },
};
