"""A/B tests on trial: many simulated viewers, and what became of the split (`docs/ab.md`)."""
