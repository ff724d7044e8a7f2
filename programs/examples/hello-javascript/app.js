// On how many days was it warmer in Seattle than in New York? Reads both cities' files, writes two
// numbers, and says nothing else of either.

import { readText, writeText } from './files.js';

export const run = {
  run() {
    try {
      compare();
    } catch (error) {
      console.error(error.message ?? String(error));
      throw error;
    }
  },
};

function compare() {
  const seattle = temperatures('/input/seattle.csv');
  const newYork = temperatures('/input/new_york.csv');
  const days = [...seattle.keys()].filter((day) => newYork.has(day));
  const warmer = days.filter((day) => seattle.get(day) > newYork.get(day));
  const summary = { days: days.length, seattle_warmer: warmer.length };
  writeText('/output/summary.json', `${JSON.stringify(summary)}\n`);
}

// Day by day, from lines `date,temperature` below a heading.
function temperatures(path) {
  const byDay = new Map();
  const lines = readText(path).trimEnd().split('\n').slice(1);
  for (const [index, line] of lines.entries()) {
    const [day, text] = line.split(',');
    const temperature = Number(text?.trim() || NaN);
    if (!Number.isFinite(temperature)) {
      throw new Error(`${path}, line ${index + 2}: expected DATE,TEMPERATURE`);
    }
    byDay.set(day, temperature);
  }
  return byDay;
}
