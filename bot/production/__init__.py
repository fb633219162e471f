"""Making the film: who renders next, the durable workflow, shots, voice and cut. No Discord."""
