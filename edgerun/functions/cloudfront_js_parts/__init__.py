"""The parts of the engine for CloudFront Functions: check, world, store, and the process that runs them."""
