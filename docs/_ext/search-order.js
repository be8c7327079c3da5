// How the search ranks its results: Sphinx's own scores, but pages for contributors come last.
"use strict";
var Scorer = {
  // index.md has the same pages under "For contributors".
  forContributors: [
    "contributing",
    "how-it-works",
    "sync-design",
    "design-notes",
    "contract",
    "target-contract",
    "faults",
    "benchmarks",
    "mutants",
    "dependencies",
  ],
  score: ([page, , , , score]) => score - (Scorer.forContributors.includes(page) ? 1000 : 0),
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
