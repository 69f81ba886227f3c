"""Where untrusted code runs: what passes between judge and worker, and the walls around the worker."""
